//! Jobs whose worker was lost.

use rubis_jobs::{
    ClaimedJob, CrashPolicy, JobState, QUARANTINE_TRIES, ReapAt, ReapOutcome, Reaped, ServerTrust,
    reap_expired,
};
use time::{Duration as Span, OffsetDateTime};

use crate::support::{Calendar, LEASE, QUEUE, START, id, seconds};

async fn reap(calendar: &mut Calendar, policy: &CrashPolicy, limit: u32, now: OffsetDateTime) -> Vec<Reaped> {
    reap_expired(&mut calendar.conn, QUEUE, policy, LEASE, limit, &ReapAt::Given(now)).await.unwrap()
}

#[tokio::test]
async fn a_job_comes_back_when_its_lease_has_expired_and_not_before() {
    let mut calendar = Calendar::create().await;
    calendar.claimed(1).await;
    let policy = CrashPolicy::default();
    let at_the_end = START + LEASE;
    assert!(reap(&mut calendar, &policy, 10, at_the_end).await.is_empty());
    let after = at_the_end + seconds(1);
    let reaped = reap(&mut calendar, &policy, 10, after).await;
    assert_eq!(reaped.len(), 1);
    let what_became = (reaped[0].id.clone(), reaped[0].run_at, reaped[0].outcome.clone());
    assert_eq!(
        what_became,
        (id(1), START, ReapOutcome::PutBack),
        "it keeps its place before what came due later"
    );
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
        let reaped = reap(&mut calendar, &policy, 10, now).await.remove(0);
        assert_eq!((reaped.crashes, reaped.outcome == ReapOutcome::PutBack), (crashes, crashes < 5));
        now = now.max(reaped.run_at);
        waits.push((now - reaped_at).whole_seconds());
        if let ReapOutcome::ToQuarantine(job) = reaped.outcome {
            rubis_jobs::quarantine(&mut calendar.conn, &job.lease, "5 workers were lost").await.unwrap();
        }
    }
    assert_eq!(waits, [0, 5, 30, 30, 0]);
    let row = calendar.row(1).await;
    assert_eq!((row.state, row.attempts, row.crashes), (JobState::Dead, 0, 5));
    assert_eq!(row.last_error.as_deref(), Some("5 workers were lost"));
}

#[tokio::test]
async fn a_job_whose_dead_letter_callback_takes_the_worker_with_it_is_quarantined_without() {
    let mut calendar = Calendar::create().await;
    let policy = CrashPolicy { delays: vec![seconds(0)], max_crashes: 0 };
    calendar.claimed(1).await;
    let mut now = START;
    let mut handed_over: Vec<Box<ClaimedJob>> = Vec::new();
    for _ in 0..QUARANTINE_TRIES {
        now += LEASE + seconds(1);
        match reap(&mut calendar, &policy, 10, now).await.remove(0).outcome {
            ReapOutcome::ToQuarantine(job) => handed_over.push(job),
            other => panic!("{other:?}"),
        }
        assert!(calendar.claim(&[1], now).await.is_empty(), "it is held while its domain is called");
    }
    handed_over.dedup_by_key(|job| job.lease.token);
    assert_eq!(handed_over.len(), 5, "each lease is another");
    now += LEASE + seconds(1);
    assert_eq!(reap(&mut calendar, &policy, 10, now).await[0].outcome, ReapOutcome::Quarantined);
    assert_eq!(calendar.row(1).await.state, JobState::Dead);
}

#[tokio::test]
async fn leases_are_taken_away_only_by_fresh_evidence_of_the_same_server() {
    let mut calendar = Calendar::create().await;
    calendar.claimed(1).await;
    let seen = rubis_jobs::sight_server(&mut calendar.conn).await.unwrap();
    calendar.expire_leases().await;
    let trust = ServerTrust {
        server: seen.server.clone(),
        from: seen.at - Span::minutes(1),
        until: seen.at + Span::minutes(1),
    };
    let mut promoted = trust.clone();
    promoted.server.timeline = "FFFFFFFF".to_owned();
    let mut restarted = trust.clone();
    restarted.server.started_at -= Span::seconds(1);
    let stalled = ServerTrust { until: seen.at - Span::seconds(1), ..trust.clone() };
    let unsettled = ServerTrust { from: seen.at + Span::seconds(50), ..trust.clone() };
    let policy = CrashPolicy::default();
    for doubtful in [promoted, restarted, stalled, unsettled] {
        let at = ReapAt::Watched(doubtful.clone());
        let reaped = reap_expired(&mut calendar.conn, QUEUE, &policy, LEASE, 10, &at).await.unwrap();
        assert!(reaped.is_empty(), "{doubtful:?}");
    }
    let at = ReapAt::Watched(trust);
    assert_eq!(reap_expired(&mut calendar.conn, QUEUE, &policy, LEASE, 10, &at).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_lost_worker_held_is_taken_in_bounded_batches() {
    let mut calendar = Calendar::create().await;
    for key in 1..=5 {
        calendar.claimed(key).await;
    }
    let policy = CrashPolicy::default();
    let later = START + seconds(60);
    let mut batches = Vec::new();
    for _ in 0..3 {
        batches.push(reap(&mut calendar, &policy, 2, later).await.len());
    }
    assert_eq!(batches, [2, 2, 1]);
}
