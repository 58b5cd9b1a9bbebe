//! Taking jobs that are due, and keeping them.

use std::collections::HashSet;

use diesel_async::AsyncConnection as _;
use rubis_jobs::{JobState, UnclaimedJob, claim_due, look_up_unclaimed, renew};

use crate::support::{Calendar, LEASE, Probe, QUEUE, START, id, probe, seconds};

#[tokio::test]
async fn only_scheduled_jobs_that_are_due_are_claimed() {
    let mut calendar = Calendar::create().await;
    calendar.enqueue(1, START).await;
    calendar.enqueue(2, START + seconds(1)).await;
    let dead = calendar.claimed(3).await;
    rubis_jobs::make_dead_letter(&mut calendar.conn, &dead.lease, "no").await.unwrap();
    let claimed = calendar.claim(&[1, 2, 3, 4], START).await;
    assert_eq!(claimed.len(), 1);
    let job = &claimed[0];
    assert_eq!((job.lease.job_id.clone(), job.now, job.lease.until), (id(1), START, START + LEASE));
    assert_eq!(calendar.row(1).await.state, JobState::Running);
    assert!(calendar.claim(&[1], START).await.is_empty(), "it is taken");
    assert_eq!(calendar.claim(&[2], START + seconds(1)).await.len(), 1);
}

#[tokio::test]
async fn without_an_instant_the_clock_of_postgres_decides() {
    let mut calendar = Calendar::create().await;
    let now = rubis_jobs::database_now(&mut calendar.conn, None).await.unwrap();
    for (key, run_at) in [(1, now - seconds(1)), (2, now + seconds(600))] {
        rubis_jobs::enqueue(&mut calendar.conn, &probe(key), run_at, run_at).await.unwrap();
    }
    let claimed = rubis_jobs::claim(&mut calendar.conn, QUEUE, &[id(1), id(2)], LEASE, None).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert!(claimed[0].now >= now);
}

#[tokio::test]
async fn what_a_claim_did_not_get_is_distinguished() {
    let mut calendar = Calendar::create().await;
    calendar.claimed(1).await;
    calendar.enqueue(2, START + seconds(90)).await;
    calendar.enqueue(3, START).await;
    let ids = [id(1), id(2), id(3), id(4)];
    let mut waiting = look_up_unclaimed(&mut calendar.conn, QUEUE, &ids, Some(START)).await.unwrap();
    waiting.sort_by(|left, right| left.id.cmp(&right.id));
    let unclaimed = |key, due_in| UnclaimedJob { id: id(key), due_in: seconds(due_in) };
    assert_eq!(waiting, [unclaimed(2, 90), unclaimed(3, 0)]);
}

#[tokio::test]
async fn without_redis_the_earliest_are_claimed_first() {
    let mut calendar = Calendar::create().await;
    for key in 1..=5 {
        calendar.enqueue(key, START + seconds(10 - u64::from(key))).await;
    }
    let later = Some(START + seconds(8));
    let claimed = claim_due(&mut calendar.conn, QUEUE, 2, LEASE, later).await.unwrap();
    let claimed: HashSet<_> = claimed.into_iter().map(|job| job.lease.job_id).collect();
    assert_eq!(claimed, HashSet::from([id(5), id(4)]));
    let rest = claim_due(&mut calendar.conn, QUEUE, 10, LEASE, later).await.unwrap();
    assert_eq!(rest.len(), 2, "the first job is not due yet");
}

#[tokio::test]
async fn two_workers_without_redis_never_get_the_same_job_nor_wait_for_each_other() {
    let mut calendar = Calendar::create().await;
    let mut other = calendar.second_connection().await;
    let jobs: Vec<(Probe, _)> = (0..20).map(|key| (probe(key), START)).collect();
    rubis_jobs::enqueue_many(&mut calendar.conn, &jobs, START).await.unwrap();
    let (first, second) = calendar
        .conn
        .transaction(async |conn| {
            let first = claim_due(conn, QUEUE, 12, LEASE, Some(START)).await?;
            let second = claim_due(&mut other, QUEUE, 12, LEASE, Some(START)).await?;
            Ok::<_, diesel::result::Error>((first, second))
        })
        .await
        .unwrap();
    assert_eq!((first.len(), second.len()), (12, 8));
    let all: HashSet<_> = first.iter().chain(&second).map(|job| job.lease.job_id.clone()).collect();
    assert_eq!(all.len(), 20);
}

#[tokio::test]
async fn a_sign_of_life_lengthens_the_leases_that_are_still_held() {
    let mut calendar = Calendar::create().await;
    let kept = calendar.claimed(1).await.lease;
    let finished = calendar.claimed(2).await.lease;
    finished.finish(&calendar.conn).await.unwrap();
    let lost = calendar.claimed(3).await.lease;
    rubis_jobs::release(&mut calendar.conn, std::slice::from_ref(&lost)).await.unwrap();
    calendar.claim(&[3], START).await;
    let later = START + seconds(3);
    let renewed = renew(&mut calendar.conn, &[kept, finished, lost], LEASE, Some(later)).await.unwrap();
    assert_eq!(renewed, [id(1)]);
    assert_eq!(calendar.row(1).await.lease_until, Some(later + LEASE));
    assert_eq!(calendar.row(3).await.lease_until, Some(START + LEASE), "it is another worker's");
}

#[tokio::test]
async fn a_sign_of_life_does_not_wait_for_a_job_that_is_being_finished() {
    let mut calendar = Calendar::create().await;
    let mut other = calendar.second_connection().await;
    let finishing = calendar.claimed(1).await.lease;
    let running = calendar.claimed(2).await.lease;
    let renewed = calendar
        .conn
        .transaction(async |conn| {
            finishing.finish(conn).await?;
            Ok::<_, rubis_jobs::FinishError>(
                renew(&mut other, &[finishing, running], LEASE, Some(START)).await?,
            )
        })
        .await
        .unwrap();
    assert_eq!(renewed, [id(2)]);
}
