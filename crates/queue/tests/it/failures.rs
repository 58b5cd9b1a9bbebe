//! Jobs that go wrong.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection as _;
use rubis_jobs::JobState;
use rubis_queue::{Handlers, Jitter, QueueRunner, QueueSettings, RunReport};

use crate::support::{Course, ProbeHandler, QUEUE, START, Stage, die_running, id, probe, seconds};

#[tokio::test]
async fn a_failed_job_is_tried_again_later_and_later() {
    let stage = Stage::create().await;
    let runner = stage.runner();
    stage.enqueue(1, Course::FailTimes(2), START).await;
    assert_eq!(runner.run_due(START).await.unwrap(), RunReport { retried: 1, ..RunReport::default() });
    let row = stage.row(1).await;
    assert_eq!((row.attempts, row.last_error.as_deref()), (1, Some("not yet")));
    let wait = row.run_at - START;
    assert!(wait >= seconds(5) && wait <= seconds(10), "{wait}: ten seconds, less the jitter");

    assert_eq!(runner.run_due(row.run_at - Duration::from_millis(10)).await.unwrap(), RunReport::default());
    // It was offered for its new date right away: no look at the calendar is needed.
    assert_eq!(runner.run_batch(row.run_at).await.unwrap().unwrap().retried, 1);
    let again = stage.row(1).await;
    let wait = again.run_at - row.run_at;
    assert!(wait >= seconds(10) && wait <= seconds(20), "{wait}: twice as long");
    assert_eq!(runner.run_due(again.run_at).await.unwrap().done, 1);
    assert_eq!(stage.done().await, [1]);
}

#[tokio::test]
async fn the_last_attempt_makes_a_dead_letter_and_notifies_the_domain_in_the_same_transaction() {
    let stage = Stage::create().await;
    let runner = stage.runner();
    stage.enqueue(1, Course::FailTimes(9), START).await;
    assert_eq!(runner.run_due(START).await.unwrap().retried, 1);
    assert_eq!(runner.run_due(START + seconds(10)).await.unwrap().retried, 1);
    assert!(stage.effects().await.is_empty(), "nobody is told before the last attempt");
    assert_eq!(runner.run_due(START + seconds(30)).await.unwrap().dead, 1);
    let row = stage.row(1).await;
    assert_eq!((row.state, row.attempts), (JobState::Dead, 3));
    assert_eq!(stage.effects().await, [(1, 0, "dead after 3: not yet (internal_error)".to_owned())]);
    assert_eq!(runner.run_due(START + seconds(86_400)).await.unwrap(), RunReport::default());
}

/// Runs a worker whose statements have this limit while another transaction locks the table its job writes to.
async fn blocked(stage: &Stage, limit: &str) -> RunReport {
    let separator = if stage.database.url.contains('?') { '&' } else { '?' };
    let url = format!("{}{separator}options=-c%20{limit}", stage.database.url);
    let pool = rubis_db::connect(&url, 4).unwrap();
    let handlers = Handlers::new().with(ProbeHandler { began: None });
    let redis = stage.redis.pool.clone();
    let runner = QueueRunner::with_jitter(QUEUE, stage.settings(), pool, redis, handlers, Jitter::seeded(1));
    let mut blocker = stage.database.pool.get().await.unwrap();
    blocker.batch_execute("BEGIN; LOCK TABLE effects").await.unwrap();
    let report = runner.run_due(START).await.unwrap();
    blocker.batch_execute("ROLLBACK").await.unwrap();
    report
}

#[tokio::test]
async fn a_job_that_waits_too_long_for_a_lock_comes_back_without_an_attempt_being_counted() {
    let stage = Stage::create().await;
    stage.enqueue(1, Course::Record, START).await;
    let report = blocked(&stage, "lock_timeout%3D50ms").await;
    assert_eq!(report, RunReport { postponed: 1, ..RunReport::default() });
    assert_eq!(stage.row(1).await.attempts, 0);
    assert_eq!(stage.runner().run_due(START + seconds(1)).await.unwrap().done, 1);
}

#[tokio::test]
async fn a_job_whose_statement_runs_too_long_has_failed_an_attempt() {
    let stage = Stage::create().await;
    stage.enqueue(1, Course::Record, START).await;
    let report = blocked(&stage, "statement_timeout%3D50ms").await;
    assert_eq!(report, RunReport { retried: 1, ..RunReport::default() });
    assert_eq!(stage.row(1).await.attempts, 1);
    assert_eq!(stage.runner().run_due(START + seconds(10)).await.unwrap().done, 1);
}

#[tokio::test]
async fn a_job_that_cannot_be_done_is_given_up_at_once() {
    let stage = Stage::create().await;
    let runner = stage.runner();
    stage.enqueue(1, Course::Impossible, START).await;
    assert_eq!(runner.run_due(START).await.unwrap().dead, 1);
    assert_eq!(stage.row(1).await.last_error.as_deref(), Some("impossible"));
    assert_eq!(stage.effects().await, [(1, 0, "dead after 1: impossible (internal_error)".to_owned())]);
}

#[tokio::test]
async fn a_death_that_the_domain_cannot_record_now_is_not_recorded_at_all() {
    let stage = Stage::create().await;
    let runner = stage.runner();
    stage.enqueue(1, Course::ImpossibleUntold, START).await;
    assert_eq!(runner.run_due(START).await.unwrap(), RunReport::default());
    assert_eq!(stage.row(1).await.state, JobState::Running, "it comes back when its lease has ended");
    assert!(stage.effects().await.is_empty(), "what the domain noted is rolled back with it");
}

#[tokio::test]
async fn a_dead_letter_callback_that_panics_has_failed_and_harms_no_other_job() {
    let stage = Stage::create().await;
    let runner = stage.runner();
    stage.enqueue(1, Course::ImpossiblePanics, START).await;
    stage.enqueue(2, Course::Record, START).await;
    assert_eq!(runner.run_due(START).await.unwrap(), RunReport { done: 1, ..RunReport::default() });
    assert_eq!(stage.row(1).await.state, JobState::Running, "it comes back when its lease has ended");
    assert_eq!(stage.done().await, [2]);
}

#[tokio::test]
async fn a_domain_that_will_not_hear_of_a_death_does_not_keep_a_job_alive() {
    let stage = Stage::create().await;
    let runner = stage.runner();
    stage.enqueue(1, Course::ImpossibleUnheard, START).await;
    assert_eq!(runner.run_due(START).await.unwrap().dead, 1);
    assert_eq!(stage.row(1).await.state, JobState::Dead);
    assert!(stage.effects().await.is_empty());
}

#[tokio::test]
async fn a_handler_that_panics_has_failed_an_attempt_and_harms_no_other_job() {
    let stage = Stage::create().await;
    let runner = stage.runner();
    stage.enqueue(1, Course::Panic, START).await;
    stage.enqueue(2, Course::Record, START).await;
    let report = runner.run_due(START).await.unwrap();
    assert_eq!((report.retried, report.done), (1, 1));
    let row = stage.row(1).await;
    assert_eq!((row.attempts, row.crashes), (1, 0));
    assert_eq!(row.last_error.as_deref(), Some("the handler panicked: a bug"));
    assert_eq!(runner.run_due(START + seconds(10)).await.unwrap().retried, 1);
    assert_eq!(runner.run_due(START + seconds(30)).await.unwrap().dead, 1);
    let dead = (1, 0, "dead after 3: the handler panicked: a bug (internal_error)".to_owned());
    assert!(stage.effects().await.contains(&dead), "the domain gets a code that it can show");
}

#[tokio::test]
async fn a_payload_of_a_newer_release_waits_for_a_worker_that_understands_it() {
    let stage = Stage::create().await;
    let runner = stage.runner();
    stage.enqueue(1, Course::Record, START).await;
    stage.execute("UPDATE jobs SET payload = '{\"format\": 2}'").await;
    let report = runner.run_due(START).await.unwrap();
    assert_eq!(report, RunReport { postponed: 1, ..RunReport::default() });
    let row = stage.row(1).await;
    assert_eq!((row.state, row.attempts, row.run_at), (JobState::Scheduled, 0, START + seconds(30)));
    assert_eq!(runner.run_due(START + seconds(30)).await.unwrap().postponed, 1);

    let day = seconds(86_400);
    assert_eq!(runner.run_due(START + day).await.unwrap().postponed, 1);
    assert_eq!(
        runner.run_due(START + day + seconds(60)).await.unwrap().dead,
        1,
        "nobody understood it for a day"
    );
    assert!(stage.effects().await.is_empty());
}

#[tokio::test]
async fn a_kind_of_job_that_only_a_newer_release_knows_waits_as_well() {
    let stage = Stage::create().await;
    let pool = stage.database.pool.clone();
    let older = QueueRunner::new(QUEUE, stage.settings(), pool, stage.redis.pool.clone(), Handlers::new());
    stage.enqueue(1, Course::Record, START).await;
    assert_eq!(older.run_due(START).await.unwrap().postponed, 1);
    assert_eq!(stage.row(1).await.last_error.as_deref(), Some("no handler for jobs of the kind \"probe\""));
    assert_eq!(stage.runner().run_due(START + seconds(30)).await.unwrap().done, 1);
}

#[tokio::test]
async fn a_job_that_takes_its_worker_with_it_each_time_is_quarantined() {
    let stage = Stage::create().await;
    let runner = stage.runner();
    stage.enqueue(1, Course::Endless, START).await;
    let mut now = START;
    for _ in 1..=6 {
        die_running(&stage, now).await;
        assert_eq!(stage.row(1).await.state, JobState::Running);
        now += seconds(1_000);
        runner.feed_once(now).await.unwrap();
        now += seconds(1_000);
    }
    let row = stage.row(1).await;
    assert_eq!((row.state, row.attempts, row.crashes), (JobState::Dead, 0, 6));
    assert!(row.last_error.unwrap().starts_with("quarantined"));
    let what = "quarantined after 0: quarantined: 6 workers were lost while they ran it (internal_error)";
    assert_eq!(stage.effects().await, [(1, 0, what.to_owned())], "its domain knows");
}

#[tokio::test]
async fn a_database_that_restarts_in_the_middle_of_a_job_costs_a_moment_and_no_attempt() {
    let stage = Stage::create().await;
    let runner = stage.runner();
    stage.enqueue(1, Course::CutOff, START).await;
    assert_eq!(runner.run_due(START).await.unwrap().postponed, 1);
    let row = stage.row(1).await;
    assert_eq!((row.attempts, row.crashes, row.run_at), (0, 0, START + seconds(1)));
    assert_eq!(runner.run_due(START + seconds(1)).await.unwrap().done, 1);
    assert_eq!(stage.done().await, [1]);
}

#[tokio::test]
async fn a_lease_is_taken_away_only_if_the_database_has_answered_all_the_time() {
    let stage = Stage::create().await;
    let expired = async |key: u32| {
        let mut conn = stage.database.pool.get().await.unwrap();
        let now = rubis_jobs::database_now(&mut conn, None).await.unwrap();
        rubis_jobs::enqueue(&mut conn, &probe(key, Course::Record), now, now).await.unwrap();
        let claimed = rubis_jobs::claim(&mut conn, QUEUE, &[id(key)], Duration::ZERO, None).await.unwrap();
        assert_eq!(claimed.len(), 1);
    };
    let settings = |stall: Duration| QueueSettings {
        heartbeat: Duration::ZERO,
        tick: Duration::ZERO,
        stall,
        ..stage.settings()
    };
    let crashes = async |runner: &QueueRunner| runner.feed_by_evidence().await.unwrap().reaped.len();
    expired(1).await;
    let steady = stage.runner_with(settings(seconds(3_600)));
    assert_eq!(crashes(&steady).await, 0, "it has not looked at the database yet");

    // Whatever comes after the look counts as a stall.
    let stalled = stage.runner_with(settings(Duration::ZERO));
    stalled.watch_once().await.unwrap();
    assert_eq!(crashes(&stalled).await, 0, "live workers may not have renewed yet");
    assert_eq!(stage.row(1).await.state, JobState::Running);

    steady.watch_once().await.unwrap();
    assert_eq!(crashes(&steady).await, 1);
    assert_eq!(stage.row(1).await.crashes, 1);
}
