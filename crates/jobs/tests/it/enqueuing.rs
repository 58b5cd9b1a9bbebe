//! Putting jobs on the calendar.

use diesel_async::AsyncConnection as _;
use rubis_jobs::{Enqueued, JobState, enqueue, enqueue_many};

use crate::support::{Calendar, LEASE, Probe, QUEUE, START, id, probe, seconds};

#[tokio::test]
async fn asking_twice_for_the_same_thing_is_one_job() {
    let mut calendar = Calendar::create().await;
    assert_eq!(calendar.enqueue(1, START + seconds(60)).await, Enqueued::Created);
    assert_eq!(calendar.enqueue(1, START + seconds(60)).await, Enqueued::Updated);
    assert_eq!(calendar.row(1).await.run_at, START + seconds(60));
    assert_eq!(calendar.enqueue(2, START).await, Enqueued::Created, "another job is another job");
}

#[tokio::test]
async fn asking_with_another_date_moves_the_job_and_replaces_its_payload() {
    let mut calendar = Calendar::create().await;
    calendar.enqueue(1, START + seconds(60)).await;
    let changed = Probe { note: "changed".to_owned(), ..probe(1) };
    let later = START + seconds(5);
    assert_eq!(
        enqueue(&mut calendar.conn, &changed, START + seconds(30), later).await,
        Ok(Enqueued::Updated)
    );
    let row = calendar.row(1).await;
    assert_eq!((row.run_at, row.created_at), (START + seconds(30), later));
    assert_eq!(row.payload["note"], "changed");
}

#[tokio::test]
async fn a_date_that_has_passed_counts_as_now() {
    let mut calendar = Calendar::create().await;
    calendar.enqueue(1, START - seconds(86_400)).await;
    assert_eq!(calendar.row(1).await.run_at, START);
}

#[tokio::test]
async fn a_running_job_is_left_alone_and_the_answer_says_so() {
    let mut calendar = Calendar::create().await;
    calendar.claimed(1).await;
    let before = calendar.row(1).await;
    assert_eq!(calendar.enqueue(1, START + seconds(60)).await, Enqueued::Running);
    assert_eq!(calendar.row(1).await, before);
}

#[tokio::test]
async fn a_dead_job_is_revived_with_all_its_attempts() {
    let mut calendar = Calendar::create().await;
    let claimed = calendar.claimed(1).await;
    rubis_jobs::make_dead_letter(&mut calendar.conn, &claimed.lease, "no").await.unwrap();
    assert_eq!(calendar.enqueue(1, START + seconds(60)).await, Enqueued::Updated);
    let row = calendar.row(1).await;
    assert_eq!((row.state, row.attempts, row.last_error), (JobState::Scheduled, 0, None));
}

#[tokio::test]
async fn moving_a_job_that_failed_before_keeps_the_count_of_its_failures() {
    let mut calendar = Calendar::create().await;
    let claimed = calendar.claimed(1).await;
    rubis_jobs::retry(&mut calendar.conn, &claimed.lease, seconds(9), "no", Some(START)).await.unwrap();
    calendar.enqueue(1, START + seconds(60)).await;
    assert_eq!(calendar.row(1).await.attempts, 1);
}

#[tokio::test]
async fn many_jobs_are_written_by_one_statement_with_an_answer_for_each() {
    let mut calendar = Calendar::create().await;
    let organization = calendar.organization().await;
    calendar.claimed(2).await;
    let of = |key| Probe { organization: Some(organization), ..probe(key) };
    let jobs = [(of(3), START), (of(2), START), (of(1), START), (of(3), START + seconds(60))];
    let answers = enqueue_many(&mut calendar.conn, &jobs, START).await.unwrap();
    assert_eq!(answers, [Enqueued::Created, Enqueued::Running, Enqueued::Created, Enqueued::Created]);
    let row = calendar.row(3).await;
    assert_eq!(row.run_at, START + seconds(60), "of two with one id the last counts");
    assert_eq!(row.organization, Some(organization));
    assert_eq!(enqueue_many::<Probe>(&mut calendar.conn, &[], START).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_job_exists_exactly_when_the_transaction_that_asks_for_it_commits() {
    let mut calendar = Calendar::create().await;
    let refused: Result<(), diesel::result::Error> = calendar
        .conn
        .transaction(async |conn| {
            enqueue(conn, &probe(1), START, START).await?;
            Err(diesel::result::Error::RollbackTransaction)
        })
        .await;
    assert!(refused.is_err());
    assert_eq!(calendar.find(1).await, None);
}

#[tokio::test]
async fn a_finished_job_can_be_asked_for_again() {
    let mut calendar = Calendar::create().await;
    let claimed = calendar.claimed(1).await;
    claimed.lease.finish(&calendar.conn).await.unwrap();
    assert_eq!(calendar.enqueue(1, START).await, Enqueued::Created);
    let again = rubis_jobs::claim(&mut calendar.conn, QUEUE, &[id(1)], LEASE, Some(START)).await.unwrap();
    assert_eq!(again.len(), 1);
}
