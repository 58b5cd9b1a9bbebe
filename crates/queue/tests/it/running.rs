//! Jobs that go well, and those that must not run.

use rubis_jobs::JobState;
use rubis_queue::QueueSettings;

use crate::support::{Course, Probe, START, TestQueue, probe, seconds};

#[tokio::test]
async fn a_job_runs_when_it_is_due_and_once() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::Record, START + seconds(60)).await;
    assert_eq!(runner.run_due(START + seconds(59)).await.unwrap().done, 0);
    assert_eq!(runner.run_due(START + seconds(60)).await.unwrap().done, 1);
    assert_eq!(runner.run_due(START + seconds(61)).await.unwrap().done, 0);
    assert_eq!(queue_under_test.done().await, [1]);
}

#[tokio::test]
async fn two_workers_on_one_queue_run_each_job_once() {
    let queue_under_test = TestQueue::create().await;
    let settings = QueueSettings { concurrency: 7, ..queue_under_test.settings() };
    let (first, second) =
        (queue_under_test.runner_with(settings.clone()), queue_under_test.runner_with(settings));
    let jobs: Vec<_> = (0..100).map(|key| (probe(key, Course::Record), START)).collect();
    let mut conn = queue_under_test.database.pool.get().await.unwrap();
    rubis_jobs::enqueue_many(&mut conn, &jobs, START).await.unwrap();
    drop(conn);
    let (first, second) = tokio::join!(first.run_due(START), second.run_due(START));
    assert_eq!(first.unwrap().done + second.unwrap().done, 100);
    assert_eq!(queue_under_test.done().await, (0..100).collect::<Vec<u32>>());
}

#[tokio::test]
async fn a_job_whose_cancel_was_acknowledged_never_runs() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::Record, START + seconds(10)).await;
    queue_under_test.enqueue(2, Course::Record, START + seconds(10)).await;
    runner.feed_once(START).await.unwrap();
    assert!(queue_under_test.cancel(1).await, "Redis still holds it");
    assert_eq!(runner.run_due(START + seconds(10)).await.unwrap().done, 1);
    assert_eq!(queue_under_test.done().await, [2]);
    assert!(!queue_under_test.cancel(2).await, "it is too late for the other");
}

#[tokio::test]
async fn jobs_of_a_tenant_run_and_vanish_with_it() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    let organization = queue_under_test.organization().await;
    for key in 1..=2 {
        let job = Probe { organization: Some(organization), ..probe(key, Course::Record) };
        queue_under_test.enqueue_probe(&job, START + seconds(u64::from(key) * 10), START).await;
    }
    assert_eq!(runner.run_due(START + seconds(10)).await.unwrap().done, 1);
    queue_under_test.execute("DELETE FROM organizations").await;
    assert_eq!(runner.run_due(START + seconds(20)).await.unwrap().done, 0);
    assert_eq!(queue_under_test.done().await, [1]);
}

#[tokio::test]
async fn an_effect_under_a_lost_lease_is_not_recorded() {
    let queue_under_test = TestQueue::create().await;
    let runner = queue_under_test.runner();
    queue_under_test.enqueue(1, Course::LoseLease, START).await;
    queue_under_test.enqueue(2, Course::Record, START).await;
    let report = runner.run_due(START).await.unwrap();
    assert_eq!((report.lost, report.done), (1, 1));
    assert_eq!(queue_under_test.done().await, [2]);
    assert_eq!(queue_under_test.row(1).await.state, JobState::Running, "it is the other worker's");
}

#[tokio::test]
async fn more_jobs_than_places_all_run() {
    let queue_under_test = TestQueue::create().await;
    let runner =
        queue_under_test.runner_with(QueueSettings { concurrency: 3, ..queue_under_test.settings() });
    for key in 0..10 {
        queue_under_test.enqueue(key, Course::Nothing, START).await;
    }
    assert_eq!(runner.run_due(START).await.unwrap().done, 10);
    assert_eq!(queue_under_test.jobs_left().await, 0);
}
