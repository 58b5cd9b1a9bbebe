//! Ends of runs, always fenced by the lease.

use diesel_async::{AsyncConnection as _, SimpleAsyncConnection as _};
use rubis_jobs::{
    FinishError, JobState, finish_at_location, finish_many, make_dead_letter, postpone, release, renew, retry,
};

use crate::support::{Calendar, START, id, seconds};

#[tokio::test]
async fn a_finished_job_leaves_nothing_behind() {
    let mut calendar = Calendar::create().await;
    let lease = calendar.claimed(1).await.lease;
    lease.finish(&calendar.conn).await.unwrap();
    assert_eq!(calendar.find(1).await, None);
}

#[tokio::test]
async fn an_effect_is_rolled_back_together_with_the_end_of_its_job() {
    let mut calendar = Calendar::create().await;
    let lease = calendar.claimed(1).await.lease;
    let refused: Result<(), FinishError> = calendar
        .conn
        .transaction(async |conn| {
            lease.finish(conn).await?;
            Err(diesel::result::Error::RollbackTransaction.into())
        })
        .await;
    assert!(refused.is_err());
    assert_eq!(calendar.row(1).await.state, JobState::Running);
}

#[tokio::test]
async fn nothing_can_be_recorded_under_a_lease_that_passed_to_another_worker() {
    let mut calendar = Calendar::create().await;
    let lost = calendar.claimed(1).await.lease;
    release(&mut calendar.conn, std::slice::from_ref(&lost)).await.unwrap();
    let current = calendar.claim(&[1], START).await.remove(0).lease;

    let conn = &mut calendar.conn;
    let is_lost = |result: Result<(), FinishError>| matches!(result, Err(FinishError::LeaseLost));
    assert!(is_lost(lost.finish(conn).await));
    assert!(is_lost(lost.reschedule(conn, START).await));
    assert!(is_lost(retry(conn, &lost, seconds(1), "no", Some(START)).await));
    assert!(is_lost(postpone(conn, &lost, seconds(1), "no", Some(START)).await));
    assert!(is_lost(make_dead_letter(conn, &lost, "no").await));
    assert!(finish_many(conn, std::slice::from_ref(&lost)).await.unwrap().is_empty());
    assert!(finish_at_location(conn, std::slice::from_ref(&lost)).await.unwrap().is_empty());
    assert!(release(conn, std::slice::from_ref(&lost)).await.unwrap().is_empty());

    current.finish(conn).await.unwrap();
}

#[tokio::test]
async fn many_jobs_are_finished_by_one_statement_which_reports_whose_lease_was_lost() {
    let mut calendar = Calendar::create().await;
    let mut leases = Vec::new();
    for key in 1..=3 {
        leases.push(calendar.claimed(key).await.lease);
    }
    release(&mut calendar.conn, &leases[..1]).await.unwrap();
    let finished = finish_many(&mut calendar.conn, &leases).await.unwrap();
    assert_eq!(finished, [id(2), id(3)].into());
    assert_eq!(calendar.row(1).await.state, JobState::Scheduled);
}

#[tokio::test]
async fn jobs_are_finished_where_their_claims_put_them() {
    let mut calendar = Calendar::create().await;
    let mut leases = Vec::new();
    for key in 1..=3 {
        leases.push(calendar.claimed(key).await.lease);
    }
    assert_eq!(finish_at_location(&mut calendar.conn, &leases[..2]).await.unwrap(), [id(1), id(2)].into());
    assert_eq!(calendar.find(1).await, None);
    assert_eq!(calendar.row(3).await.state, JobState::Running);
}

#[tokio::test]
async fn a_job_whose_lease_was_renewed_is_not_found_in_its_place_and_finished_by_its_id() {
    let mut calendar = Calendar::create().await;
    let leases = [calendar.claimed(1).await.lease];
    assert_eq!(renew(&mut calendar.conn, &leases, seconds(9), Some(START)).await.unwrap(), [id(1)]);
    assert!(finish_at_location(&mut calendar.conn, &leases).await.unwrap().is_empty());
    assert_eq!(finish_many(&mut calendar.conn, &leases).await.unwrap(), [id(1)].into());
    assert_eq!(calendar.find(1).await, None);
}

#[tokio::test]
async fn a_job_at_the_old_location_of_a_sibling_survives_the_siblings_end() {
    let mut calendar = Calendar::create().await;
    for key in 1..=2 {
        calendar.enqueue(key, START).await;
    }
    let claimed = calendar.claim(&[1, 2], START).await;
    let (ended, running) = (claimed[0].lease.clone(), claimed[1].lease.clone());
    assert_eq!(ended.token, running.token, "both are of one claim");
    let left = calendar.location(1).await;
    renew(&mut calendar.conn, std::slice::from_ref(&ended), seconds(9), Some(START)).await.unwrap();
    // The sibling is renewed until it stands where the other one was claimed.
    let mut renewals = 0;
    while calendar.location(2).await != left {
        renewals += 1;
        assert!(renewals < 200, "the location is never used again");
        calendar.database.execute_as_owner("VACUUM jobs").await;
        renew(&mut calendar.conn, std::slice::from_ref(&running), seconds(9), Some(START)).await.unwrap();
    }

    assert!(finish_at_location(&mut calendar.conn, std::slice::from_ref(&ended)).await.unwrap().is_empty());
    assert_eq!(calendar.row(2).await.state, JobState::Running, "the sibling goes on");
    assert_eq!(finish_many(&mut calendar.conn, [&ended]).await.unwrap(), [id(1)].into());
    assert_eq!(finish_many(&mut calendar.conn, [&running]).await.unwrap(), [id(2)].into());
}

#[tokio::test]
async fn a_row_that_a_person_is_busy_with_is_not_waited_for_in_its_place() {
    let mut calendar = Calendar::create().await;
    let leases = [calendar.claimed(1).await.lease, calendar.claimed(2).await.lease];
    let mut other = calendar.second_connection().await;
    other.batch_execute("BEGIN; SELECT FROM jobs WHERE id = 'probe:1' FOR UPDATE").await.unwrap();
    assert_eq!(finish_at_location(&mut calendar.conn, &leases).await.unwrap(), [id(2)].into());
    other.batch_execute("COMMIT").await.unwrap();
    assert_eq!(finish_many(&mut calendar.conn, &leases).await.unwrap(), [id(1)].into());
}

#[tokio::test]
async fn a_dead_letter_does_not_answer_to_the_lease_under_which_it_died() {
    let mut calendar = Calendar::create().await;
    let lease = calendar.claimed(1).await.lease;
    make_dead_letter(&mut calendar.conn, &lease, "no").await.unwrap();
    assert!(matches!(lease.finish(&calendar.conn).await, Err(FinishError::LeaseLost)));
    assert!(finish_many(&mut calendar.conn, std::slice::from_ref(&lease)).await.unwrap().is_empty());
    assert!(
        renew(&mut calendar.conn, std::slice::from_ref(&lease), seconds(9), None).await.unwrap().is_empty()
    );
    assert_eq!(calendar.row(1).await.state, JobState::Dead);
}

#[tokio::test]
async fn a_failed_attempt_counts_and_waits() {
    let mut calendar = Calendar::create().await;
    let lease = calendar.claimed(1).await.lease;
    retry(&mut calendar.conn, &lease, seconds(30), "mail server \0 busy", Some(START)).await.unwrap();
    let row = calendar.row(1).await;
    assert_eq!((row.state, row.attempts, row.run_at), (JobState::Scheduled, 1, START + seconds(30)));
    assert_eq!(row.last_error.as_deref(), Some("mail server  busy"));
    assert_eq!(row.lease_until, None);
}

#[tokio::test]
async fn a_job_that_nobody_could_judge_waits_without_counting() {
    let mut calendar = Calendar::create().await;
    let lease = calendar.claimed(1).await.lease;
    postpone(&mut calendar.conn, &lease, seconds(30), "unknown", Some(START)).await.unwrap();
    let row = calendar.row(1).await;
    assert_eq!((row.state, row.attempts, row.run_at), (JobState::Scheduled, 0, START + seconds(30)));
}

#[tokio::test]
async fn a_released_job_is_as_it_was_before_its_claim() {
    let mut calendar = Calendar::create().await;
    calendar.enqueue(1, START).await;
    let before = calendar.row(1).await;
    let lease = calendar.claim(&[1], START + seconds(5)).await.remove(0).lease;
    assert_eq!(release(&mut calendar.conn, &[lease]).await.unwrap(), [id(1)].into());
    assert_eq!(calendar.row(1).await, before);
}

#[tokio::test]
async fn a_handler_can_give_its_job_another_date_as_though_it_were_new() {
    let mut calendar = Calendar::create().await;
    let failed = calendar.claimed(1).await.lease;
    retry(&mut calendar.conn, &failed, seconds(0), "no", Some(START)).await.unwrap();
    let lease = calendar.claim(&[1], START).await.remove(0).lease;
    lease.reschedule(&mut calendar.conn, START + seconds(86_400)).await.unwrap();
    let row = calendar.row(1).await;
    assert_eq!((row.state, row.attempts, row.run_at), (JobState::Scheduled, 0, START + seconds(86_400)));
}
