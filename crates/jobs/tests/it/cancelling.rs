//! Taking jobs back.

use diesel_async::AsyncConnection as _;
use rubis_jobs::{JobState, cancel};

use crate::support::{Calendar, LEASE, QUEUE, START, id, seconds};

#[tokio::test]
async fn only_what_has_not_begun_can_be_cancelled() {
    let mut calendar = Calendar::create().await;
    calendar.enqueue(1, START + seconds(60)).await;
    let dead = calendar.claimed(2).await;
    rubis_jobs::make_dead_letter(&mut calendar.conn, &dead.lease, "no").await.unwrap();
    calendar.claimed(3).await;
    let mut cancelled = cancel(&mut calendar.conn, &[id(1), id(2), id(3), id(4)]).await.unwrap();
    cancelled.sort();
    assert_eq!(cancelled, [id(1), id(2)]);
    assert_eq!(calendar.find(1).await, None);
    assert_eq!(calendar.row(3).await.state, JobState::Running);
}

#[tokio::test]
async fn a_cancelled_job_cannot_be_claimed() {
    let mut calendar = Calendar::create().await;
    calendar.enqueue(1, START).await;
    calendar.enqueue(2, START).await;
    cancel(&mut calendar.conn, &[id(1)]).await.unwrap();
    let claimed = calendar.claim(&[1, 2], START).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].lease.job_id, id(2));
}

#[tokio::test]
async fn of_a_cancel_and_a_claim_at_the_same_time_only_one_succeeds() {
    let mut calendar = Calendar::create().await;
    let mut other = calendar.second_connection().await;
    calendar.enqueue(1, START).await;
    // The claim comes while the cancel is not committed, and does not wait for it.
    let claimed = calendar
        .conn
        .transaction(async |conn| {
            assert_eq!(cancel(conn, &[id(1)]).await?, [id(1)]);
            rubis_jobs::claim(&mut other, QUEUE, &[id(1)], LEASE, Some(START)).await
        })
        .await
        .unwrap();
    assert!(claimed.is_empty());

    // The cancel comes while the claim is not committed, waits for it, and comes too late.
    calendar.enqueue(2, START).await;
    let conn = &mut calendar.conn;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let claiming = conn.transaction(async |conn| {
        let claimed = rubis_jobs::claim(conn, QUEUE, &[id(2)], LEASE, Some(START)).await?;
        sender.send(()).unwrap();
        // Gives the cancel a turn before the commit: whichever way it falls, the outcome is the same.
        tokio::task::yield_now().await;
        Ok::<_, diesel::result::Error>(claimed)
    });
    let cancelling = async {
        receiver.await.unwrap();
        cancel(&mut other, &[id(2)]).await.unwrap()
    };
    let (claimed, cancelled) = tokio::join!(claiming, cancelling);
    assert_eq!(claimed.unwrap().len(), 1);
    assert!(cancelled.is_empty());
}
