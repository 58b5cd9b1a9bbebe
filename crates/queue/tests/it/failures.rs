//! Jobs that go wrong.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection as _;
use rubis_jobs::JobState;
use rubis_queue::{Handlers, Jitter, QueueRunner, QueueSettings, RunReport};

use crate::support::{Course, ProbeHandler, QUEUE, START, TestQueue, die_running, id, probe, seconds};

#[tokio::test]
async fn a_failed_job_is_tried_again_later_and_later() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::FailTimes(2), START).await;
    assert_eq!(runner.run_due(START).await.unwrap(), RunReport { retried: 1, ..RunReport::default() });
    let row = queue_under_test.row(1).await;
    assert_eq!((row.attempts, row.last_error.as_deref()), (1, Some("not yet")));
    let wait = row.run_at - START;
    assert!(wait >= seconds(5) && wait <= seconds(10), "{wait}: ten seconds, less the jitter");

    assert_eq!(runner.run_due(row.run_at - Duration::from_millis(10)).await.unwrap(), RunReport::default());
    // It was offered for its new date right away: no look at the calendar is needed.
    assert_eq!(runner.run_batch(row.run_at).await.unwrap().unwrap().retried, 1);
    let again = queue_under_test.row(1).await;
    let wait = again.run_at - row.run_at;
    assert!(wait >= seconds(10) && wait <= seconds(20), "{wait}: twice as long");
    assert_eq!(runner.run_due(again.run_at).await.unwrap().done, 1);
    assert_eq!(queue_under_test.done().await, [1]);
}

#[tokio::test]
async fn the_last_attempt_makes_a_dead_letter_and_notifies_the_domain_in_the_same_transaction() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::FailTimes(9), START).await;
    assert_eq!(runner.run_due(START).await.unwrap().retried, 1);
    assert_eq!(runner.run_due(START + seconds(10)).await.unwrap().retried, 1);
    assert!(queue_under_test.effects().await.is_empty(), "nobody is told before the last attempt");
    assert_eq!(runner.run_due(START + seconds(30)).await.unwrap().dead, 1);
    let row = queue_under_test.row(1).await;
    assert_eq!((row.state, row.attempts), (JobState::Dead, 3));
    assert_eq!(
        queue_under_test.effects().await,
        [(1, 0, "dead after 3: not yet (internal_error)".to_owned())]
    );
    assert_eq!(runner.run_due(START + seconds(86_400)).await.unwrap(), RunReport::default());
}

/// Runs a worker whose statements have this limit while another transaction locks the table its job writes to.
async fn blocked(queue_under_test: &TestQueue, limit: &str) -> RunReport {
    let separator = if queue_under_test.database.url.contains('?') { '&' } else { '?' };
    let url = format!("{}{separator}options=-c%20{limit}", queue_under_test.database.url);
    let pool = rubis_db::connect(&url, 4).unwrap();
    let handlers = Handlers::new().with(ProbeHandler { began: None });
    let redis = queue_under_test.redis.pool.clone();
    let runner = QueueRunner::with_jitter(
        QUEUE,
        queue_under_test.settings(),
        pool,
        redis,
        handlers,
        Jitter::seeded(1),
    );
    let mut blocker = queue_under_test.database.pool.get().await.unwrap();
    blocker.batch_execute("BEGIN; LOCK TABLE effects").await.unwrap();
    let report = runner.run_due(START).await.unwrap();
    blocker.batch_execute("ROLLBACK").await.unwrap();
    report
}

#[tokio::test]
async fn a_job_that_waits_too_long_for_a_lock_comes_back_without_an_attempt_being_counted() {
    let queue_under_test = TestQueue::create().await;
    queue_under_test.enqueue(1, Course::Record, START).await;
    let report = blocked(&queue_under_test, "lock_timeout%3D50ms").await;
    assert_eq!(report, RunReport { postponed: 1, ..RunReport::default() });
    assert_eq!(queue_under_test.row(1).await.attempts, 0);
    assert_eq!(queue_under_test.runner().run_due(START + seconds(1)).await.unwrap().done, 1);
}

#[tokio::test]
async fn a_job_whose_statement_runs_too_long_has_failed_an_attempt() {
    let queue_under_test = TestQueue::create().await;
    queue_under_test.enqueue(1, Course::Record, START).await;
    let report = blocked(&queue_under_test, "statement_timeout%3D50ms").await;
    assert_eq!(report, RunReport { retried: 1, ..RunReport::default() });
    assert_eq!(queue_under_test.row(1).await.attempts, 1);
    assert_eq!(queue_under_test.runner().run_due(START + seconds(10)).await.unwrap().done, 1);
}

#[tokio::test]
async fn a_job_that_cannot_be_done_is_given_up_at_once() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::Impossible, START).await;
    assert_eq!(runner.run_due(START).await.unwrap().dead, 1);
    assert_eq!(queue_under_test.row(1).await.last_error.as_deref(), Some("impossible"));
    assert_eq!(
        queue_under_test.effects().await,
        [(1, 0, "dead after 1: impossible (internal_error)".to_owned())]
    );
}

#[tokio::test]
async fn a_death_that_the_domain_cannot_record_now_is_not_recorded_at_all() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::ImpossibleUntold, START).await;
    assert_eq!(runner.run_due(START).await.unwrap(), RunReport::default());
    assert_eq!(
        queue_under_test.row(1).await.state,
        JobState::Running,
        "it comes back when its lease has ended"
    );
    assert!(queue_under_test.effects().await.is_empty(), "what the domain noted is rolled back with it");
}

#[tokio::test]
async fn a_dead_letter_callback_that_panics_has_failed_and_harms_no_other_job() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::ImpossiblePanics, START).await;
    queue_under_test.enqueue(2, Course::Record, START).await;
    assert_eq!(runner.run_due(START).await.unwrap(), RunReport { done: 1, ..RunReport::default() });
    assert_eq!(
        queue_under_test.row(1).await.state,
        JobState::Running,
        "it comes back when its lease has ended"
    );
    assert_eq!(queue_under_test.done().await, [2]);
}

#[tokio::test]
async fn a_domain_that_will_not_hear_of_a_death_does_not_keep_a_job_alive() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::ImpossibleUnheard, START).await;
    assert_eq!(runner.run_due(START).await.unwrap().dead, 1);
    assert_eq!(queue_under_test.row(1).await.state, JobState::Dead);
    assert!(queue_under_test.effects().await.is_empty());
}

#[tokio::test]
async fn a_handler_that_panics_has_failed_an_attempt_and_harms_no_other_job() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::Panic, START).await;
    queue_under_test.enqueue(2, Course::Record, START).await;
    let report = runner.run_due(START).await.unwrap();
    assert_eq!((report.retried, report.done), (1, 1));
    let row = queue_under_test.row(1).await;
    assert_eq!((row.attempts, row.crashes), (1, 0));
    assert_eq!(row.last_error.as_deref(), Some("the handler panicked: a bug"));
    assert_eq!(runner.run_due(START + seconds(10)).await.unwrap().retried, 1);
    assert_eq!(runner.run_due(START + seconds(30)).await.unwrap().dead, 1);
    let dead = (1, 0, "dead after 3: the handler panicked: a bug (internal_error)".to_owned());
    assert!(queue_under_test.effects().await.contains(&dead), "the domain gets a code that it can show");
}

#[tokio::test]
async fn a_payload_of_a_newer_release_waits_for_a_worker_that_understands_it() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::Record, START).await;
    queue_under_test.execute("UPDATE jobs SET payload = '{\"format\": 2}'").await;
    let report = runner.run_due(START).await.unwrap();
    assert_eq!(report, RunReport { postponed: 1, ..RunReport::default() });
    let row = queue_under_test.row(1).await;
    assert_eq!((row.state, row.attempts, row.run_at), (JobState::Scheduled, 0, START + seconds(30)));
    assert_eq!(runner.run_due(START + seconds(30)).await.unwrap().postponed, 1);

    let day = seconds(86_400);
    assert_eq!(runner.run_due(START + day).await.unwrap().postponed, 1);
    assert_eq!(
        runner.run_due(START + day + seconds(60)).await.unwrap().dead,
        1,
        "nobody understood it for a day"
    );
    assert!(queue_under_test.effects().await.is_empty());
}

#[tokio::test]
async fn a_kind_of_job_that_only_a_newer_release_knows_waits_as_well() {
    let queue_under_test = TestQueue::create().await;
    let pool = queue_under_test.database.pool.clone();
    let older = QueueRunner::new(
        QUEUE,
        queue_under_test.settings(),
        pool,
        queue_under_test.redis.pool.clone(),
        Handlers::new(),
    );
    queue_under_test.enqueue(1, Course::Record, START).await;
    assert_eq!(older.run_due(START).await.unwrap().postponed, 1);
    assert_eq!(
        queue_under_test.row(1).await.last_error.as_deref(),
        Some("no handler for jobs of the kind \"probe\"")
    );
    assert_eq!(queue_under_test.runner().run_due(START + seconds(30)).await.unwrap().done, 1);
}

#[tokio::test]
async fn a_job_that_takes_its_worker_with_it_each_time_is_quarantined() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::Endless, START).await;
    let mut now = START;
    for _ in 1..=6 {
        die_running(&queue_under_test, now).await;
        assert_eq!(queue_under_test.row(1).await.state, JobState::Running);
        now += seconds(1_000);
        runner.feed_once(now).await.unwrap();
        now += seconds(1_000);
    }
    let row = queue_under_test.row(1).await;
    assert_eq!((row.state, row.attempts, row.crashes), (JobState::Dead, 0, 6));
    assert!(row.last_error.unwrap().starts_with("quarantined"));
    let what = "quarantined after 0: quarantined: 6 workers were lost while they ran it (internal_error)";
    assert_eq!(queue_under_test.effects().await, [(1, 0, what.to_owned())], "its domain knows");
}

#[tokio::test]
async fn a_database_that_restarts_in_the_middle_of_a_job_costs_a_moment_and_no_attempt() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::CutOff, START).await;
    assert_eq!(runner.run_due(START).await.unwrap().postponed, 1);
    let row = queue_under_test.row(1).await;
    assert_eq!((row.attempts, row.crashes, row.run_at), (0, 0, START + seconds(1)));
    assert_eq!(runner.run_due(START + seconds(1)).await.unwrap().done, 1);
    assert_eq!(queue_under_test.done().await, [1]);
}

#[tokio::test]
async fn a_lease_is_taken_away_only_if_the_database_has_answered_all_the_time() {
    let queue_under_test = TestQueue::create().await;
    let expired = async |key: u32| {
        let mut conn = queue_under_test.database.pool.get().await.unwrap();
        let now = rubis_jobs::database_now(&mut conn, None).await.unwrap();
        rubis_jobs::enqueue(&mut conn, &probe(key, Course::Record), now, now).await.unwrap();
        let claimed = rubis_jobs::claim(&mut conn, QUEUE, &[id(key)], Duration::ZERO, None).await.unwrap();
        assert_eq!(claimed.len(), 1);
    };
    let settings = |stall: Duration| QueueSettings {
        heartbeat: Duration::ZERO,
        tick: Duration::ZERO,
        stall,
        ..queue_under_test.settings()
    };
    let crashes = async |runner: &QueueRunner| runner.feed_by_evidence().await.unwrap().reaped.len();
    expired(1).await;
    let steady = queue_under_test.runner_with(settings(seconds(3_600)));
    assert_eq!(crashes(&steady).await, 0, "it has not looked at the database yet");

    // Whatever comes after the look counts as a stall.
    let stalled = queue_under_test.runner_with(settings(Duration::ZERO));
    stalled.watch_once().await.unwrap();
    assert_eq!(crashes(&stalled).await, 0, "live workers may not have renewed yet");
    assert_eq!(queue_under_test.row(1).await.state, JobState::Running);

    steady.watch_once().await.unwrap();
    assert_eq!(crashes(&steady).await, 1);
    assert_eq!(queue_under_test.row(1).await.crashes, 1);
}
