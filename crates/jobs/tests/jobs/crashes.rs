//! Jobs whose worker was lost.

use rubis_jobs::{CrashPolicy, JobState, reap_expired};

use crate::support::{Calendar, LEASE, QUEUE, START, id, seconds};

#[tokio::test]
async fn a_job_comes_back_when_its_lease_has_expired_and_not_before() {
    let mut calendar = Calendar::create().await;
    calendar.claimed(1).await;
    let policy = CrashPolicy::default();
    let at_the_end = START + LEASE;
    assert!(reap_expired(&mut calendar.conn, QUEUE, &policy, 10, Some(at_the_end)).await.unwrap().is_empty());
    let after = at_the_end + seconds(1);
    let reaped = reap_expired(&mut calendar.conn, QUEUE, &policy, 10, Some(after)).await.unwrap();
    assert_eq!(reaped.len(), 1);
    let what_became = (reaped[0].id.clone(), reaped[0].run_at, reaped[0].quarantined);
    assert_eq!(what_became, (id(1), START, false), "it keeps its place before what came due later");
    assert_eq!(calendar.claim(&[1], after).await.len(), 1, "the first crash costs no wait");
}

#[tokio::test]
async fn crashes_back_off_are_no_attempts_and_end_in_quarantine() {
    let mut calendar = Calendar::create().await;
    let policy = CrashPolicy { delays: vec![seconds(0), seconds(5), seconds(30)], max_crashes: 4 };
    calendar.enqueue(1, START).await;
    let mut now = START;
    let mut waits = Vec::new();
    for crashes in 1..=5 {
        assert_eq!(calendar.claim(&[1], now).await.len(), 1, "it is claimed before crash {crashes}");
        now += LEASE + seconds(1);
        let reaped_at = now;
        let reaped = reap_expired(&mut calendar.conn, QUEUE, &policy, 10, Some(now)).await.unwrap().remove(0);
        assert_eq!((reaped.crashes, reaped.quarantined), (crashes, crashes == 5));
        now = now.max(reaped.run_at);
        waits.push((now - reaped_at).whole_seconds());
    }
    assert_eq!(waits, [0, 5, 30, 30, 30]);
    let row = calendar.row(1).await;
    assert_eq!((row.state, row.attempts, row.crashes), (JobState::Dead, 0, 5));
    assert_eq!(row.last_error.as_deref(), Some("quarantined: 5 workers were lost while they ran it"));
}

#[tokio::test]
async fn what_a_lost_worker_held_is_taken_in_bounded_batches() {
    let mut calendar = Calendar::create().await;
    for key in 1..=5 {
        calendar.claimed(key).await;
    }
    let policy = CrashPolicy::default();
    let later = Some(START + seconds(60));
    let mut batches = Vec::new();
    for _ in 0..3 {
        batches.push(reap_expired(&mut calendar.conn, QUEUE, &policy, 2, later).await.unwrap().len());
    }
    assert_eq!(batches, [2, 2, 1]);
}
