//! Workers that go by the clock, as in production. These tests wait for what must happen, never
//! for a length of time.

use std::time::Duration;

use rubis_jobs::JobState;
use rubis_queue::{Handlers, QueueRunner, QueueSettings, Worker};
use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, unbounded_channel},
        watch,
    },
    task::JoinHandle,
    time::{interval, timeout},
};

use crate::support::{Course, LEASE, Probe, ProbeHandler, QUEUE, TestQueue, id, probe, seconds};

/// Far longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(20);

struct Serving {
    began: UnboundedReceiver<u32>,
    stop: watch::Sender<bool>,
    worker: JoinHandle<()>,
}

impl Serving {
    fn start(queue_under_test: &TestQueue, settings: QueueSettings) -> Self {
        let (sender, began) = unbounded_channel();
        let handler = ProbeHandler { began: Some(sender) };
        let runner = queue_under_test.runner_on(settings, queue_under_test.redis.pool.clone(), handler);
        let (stop, stopping) = watch::channel(false);
        Self { began, stop, worker: tokio::spawn(Worker::new().with(runner).run(stopping)) }
    }

    async fn next(&mut self) -> u32 {
        timeout(PATIENCE, self.began.recv()).await.expect("a job begins in time").unwrap()
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        timeout(PATIENCE, self.worker).await.expect("the worker ends in time").unwrap();
    }
}

fn quick(queue_under_test: &TestQueue) -> QueueSettings {
    QueueSettings {
        tick: Duration::from_millis(50),
        heartbeat: Duration::from_millis(50),
        stats_every: Duration::from_millis(50),
        ..queue_under_test.settings()
    }
}

async fn enqueue_now(queue_under_test: &TestQueue, job: &Probe) {
    let mut conn = queue_under_test.database.pool.get().await.unwrap();
    let now = rubis_jobs::database_now(&mut conn, None).await.unwrap();
    rubis_jobs::enqueue(&mut conn, job, now, now).await.unwrap();
}

async fn eventually<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let mut ticks = interval(Duration::from_millis(10));
    let waiting = async {
        while !holds().await {
            ticks.tick().await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

#[tokio::test]
async fn an_idle_worker_runs_what_is_enqueued_and_stops_when_asked() {
    let queue_under_test = TestQueue::create().await;
    let mut serving = Serving::start(&queue_under_test, quick(&queue_under_test));
    for key in 1..=3 {
        enqueue_now(&queue_under_test, &probe(key, Course::Record)).await;
        assert_eq!(serving.next().await, key);
    }
    enqueue_now(&queue_under_test, &probe(4, Course::Nothing)).await;
    assert_eq!(serving.next().await, 4);
    serving.stop().await;
    assert_eq!(queue_under_test.done().await, [1, 2, 3]);
    assert_eq!(queue_under_test.jobs_left().await, 0, "what had ended is recorded before the worker is gone");
}

#[tokio::test]
async fn the_first_jobs_of_a_long_sweep_begin_while_the_rest_is_still_read() {
    let queue_under_test = TestQueue::create().await;
    queue_under_test
        .execute(
            "INSERT INTO jobs (id, queue, payload, run_at, created_at)
             SELECT 'probe:' || key, 'relances', jsonb_build_object('key', key, 'generation', 0, 'course', 'Nothing'),
                 now() - interval '1 minute', now()
             FROM generate_series(1, 20000) AS key",
        )
        .await;
    let mut serving = Serving::start(&queue_under_test, quick(&queue_under_test));
    serving.next().await;
    let feed = format!("{}:1:{{relances}}:feed", queue_under_test.redis.prefix);
    let mut connection = queue_under_test.redis.pool.get().await.unwrap();
    let mut read_up_to = deadpool_redis::redis::cmd("HGET");
    read_up_to.arg(feed).arg("upper");
    let upper: Option<i64> = read_up_to.query_async(&mut connection).await.unwrap();
    assert_eq!(upper, None, "the sweep has not ended yet");
    serving.stop().await;
}

#[tokio::test]
async fn two_workers_by_the_clock_run_each_job_of_a_burst_once() {
    let queue_under_test = TestQueue::create().await;
    let (first, second) = (
        Serving::start(&queue_under_test, quick(&queue_under_test)),
        Serving::start(&queue_under_test, quick(&queue_under_test)),
    );
    let mut conn = queue_under_test.database.pool.get().await.unwrap();
    let now = rubis_jobs::database_now(&mut conn, None).await.unwrap();
    let jobs: Vec<_> = (0..300).map(|key| (probe(key, Course::Record), now)).collect();
    rubis_jobs::enqueue_many(&mut conn, &jobs, now).await.unwrap();
    drop(conn);
    eventually("all jobs are done", async || queue_under_test.jobs_left().await == 0).await;
    first.stop().await;
    second.stop().await;
    assert_eq!(queue_under_test.done().await, (0..300).collect::<Vec<u32>>());
}

#[tokio::test]
async fn leases_are_renewed_while_every_other_connection_is_taken() {
    let queue_under_test = TestQueue::create().await;
    let pool = rubis_db::connect(&queue_under_test.database.url, 1).unwrap();
    let (sender, mut began) = unbounded_channel();
    let handlers = Handlers::new().with(ProbeHandler { began: Some(sender) });
    let settings = QueueSettings { shutdown_grace: Duration::ZERO, ..quick(&queue_under_test) };
    let runner =
        QueueRunner::new(QUEUE, settings, pool.clone(), queue_under_test.redis.pool.clone(), handlers)
            .renewing_on(rubis_db::connect(&queue_under_test.database.url, 1).unwrap());
    let (stop, stopping) = watch::channel(false);
    let worker = tokio::spawn(Worker::new().with(runner).run(stopping));
    enqueue_now(&queue_under_test, &probe(1, Course::Endless)).await;
    timeout(PATIENCE, began.recv()).await.expect("the job begins in time").unwrap();

    let taken = pool.get().await.unwrap();
    let leased_until = queue_under_test.row(1).await.lease_until;
    eventually("the lease is renewed", async || queue_under_test.row(1).await.lease_until > leased_until)
        .await;
    drop(taken);
    stop.send(true).unwrap();
    timeout(PATIENCE, worker).await.expect("the worker ends in time").unwrap();
}

#[tokio::test]
async fn a_worker_that_stops_puts_back_what_does_not_end_in_time() {
    let queue_under_test = TestQueue::create().await;
    let settings = QueueSettings { shutdown_grace: Duration::ZERO, ..quick(&queue_under_test) };
    let mut serving = Serving::start(&queue_under_test, settings);
    enqueue_now(&queue_under_test, &probe(1, Course::Endless)).await;
    serving.next().await;
    assert_eq!(queue_under_test.row(1).await.state, JobState::Running);
    serving.stop().await;
    let row = queue_under_test.row(1).await;
    assert_eq!((row.state, row.attempts, row.crashes), (JobState::Scheduled, 0, 0));
    // Another worker need not wait for a lease to end, not even in Redis.
    let taken = queue_under_test.index().claim(10, LEASE, None).await.unwrap();
    assert_eq!(taken.jobs.len(), 1);
}

#[tokio::test]
async fn a_worker_of_one_place_runs_a_burst_one_after_the_other() {
    let queue_under_test = TestQueue::create().await;
    for key in 1..=30 {
        enqueue_now(&queue_under_test, &probe(key, Course::Nothing)).await;
    }
    let mut serving =
        Serving::start(&queue_under_test, QueueSettings { concurrency: 1, ..quick(&queue_under_test) });
    let mut began = Vec::new();
    for _ in 1..=30 {
        began.push(serving.next().await);
    }
    began.sort_unstable();
    assert_eq!(began, (1..=30).collect::<Vec<u32>>());
    serving.stop().await;
    assert_eq!(queue_under_test.jobs_left().await, 0);
}

#[tokio::test]
async fn jobs_in_line_are_put_back_at_once_when_the_worker_stops() {
    let queue_under_test = TestQueue::create().await;
    // Quick jobs let the worker claim ahead, then endless ones take its places.
    let course = |key| if (401..=404).contains(&key) { Course::Endless } else { Course::Nothing };
    let mut conn = queue_under_test.database.pool.get().await.unwrap();
    let now = rubis_jobs::database_now(&mut conn, None).await.unwrap();
    let before = now - seconds(1);
    let jobs: Vec<_> = (1..=500).map(|key| (probe(key, course(key)), now)).collect();
    rubis_jobs::enqueue_many(&mut conn, &jobs, before).await.unwrap();
    queue_under_test
        .execute("UPDATE jobs SET run_at = run_at - make_interval(secs => 600 - (payload->>'key')::int)")
        .await;
    drop(conn);
    let mut serving =
        Serving::start(&queue_under_test, QueueSettings { concurrency: 4, ..quick(&queue_under_test) });
    let mut endless = 0;
    while endless < 4 {
        endless += u32::from((401..=404).contains(&serving.next().await));
    }
    serving.stop.send(true).unwrap();
    eventually("only the endless jobs are held", async || {
        queue_under_test.running().await == [401, 402, 403, 404]
    })
    .await;
    serving.worker.abort();
}

#[tokio::test]
async fn a_worker_that_stops_lets_running_jobs_end() {
    let queue_under_test = TestQueue::create().await;
    let mut serving = Serving::start(&queue_under_test, quick(&queue_under_test));
    // The row is locked by somebody else, so that the job cannot record its end yet.
    let mut blocker = queue_under_test.database.pool.get().await.unwrap();
    enqueue_now(&queue_under_test, &probe(1, Course::Record)).await;
    diesel_async::SimpleAsyncConnection::batch_execute(&mut *blocker, "BEGIN; LOCK TABLE effects")
        .await
        .unwrap();
    serving.next().await;
    serving.stop.send(true).unwrap();
    diesel_async::SimpleAsyncConnection::batch_execute(&mut *blocker, "COMMIT").await.unwrap();
    drop(blocker);
    timeout(PATIENCE, serving.worker).await.unwrap().unwrap();
    assert_eq!(queue_under_test.done().await, [1]);
    assert_eq!(queue_under_test.find(1).await, None);
}

#[tokio::test]
async fn a_long_job_keeps_its_lease_by_signs_of_life() {
    let queue_under_test = TestQueue::create().await;
    let settings = QueueSettings { shutdown_grace: Duration::ZERO, ..quick(&queue_under_test) };
    let mut serving = Serving::start(&queue_under_test, settings);
    enqueue_now(&queue_under_test, &probe(1, Course::Endless)).await;
    serving.next().await;
    let first = queue_under_test.row(1).await.lease_until.unwrap();
    eventually("the lease is lengthened", async || {
        queue_under_test.row(1).await.lease_until.is_some_and(|until| until > first)
    })
    .await;
    serving.stop().await;
}

#[tokio::test]
async fn a_job_of_a_worker_that_vanished_is_run_by_another_as_soon_as_the_lease_ends() {
    let queue_under_test = TestQueue::create().await;
    enqueue_now(&queue_under_test, &probe(1, Course::Record)).await;
    let mut conn = queue_under_test.database.pool.get().await.unwrap();
    let short = Duration::from_millis(200);
    assert_eq!(rubis_jobs::claim(&mut conn, QUEUE, &[id(1)], short, None).await.unwrap().len(), 1);
    drop(conn);
    let mut serving = Serving::start(&queue_under_test, quick(&queue_under_test));
    assert_eq!(serving.next().await, 1);
    serving.stop().await;
    assert_eq!(queue_under_test.done().await, [1]);
}

#[tokio::test]
async fn dead_letter_callbacks_that_fail_or_hang_delay_the_end_of_no_other_job() {
    let queue_under_test = TestQueue::create().await;
    let mut serving = Serving::start(&queue_under_test, quick(&queue_under_test));
    let courses =
        [(1, Course::ImpossibleUntold), (2, Course::ImpossiblePanics), (3, Course::ImpossibleStuck)];
    for (key, course) in courses {
        enqueue_now(&queue_under_test, &probe(key, course)).await;
        assert_eq!(serving.next().await, key);
    }
    for key in 4..=9 {
        enqueue_now(&queue_under_test, &probe(key, Course::Nothing)).await;
        assert_eq!(serving.next().await, key);
    }
    enqueue_now(&queue_under_test, &probe(10, Course::Impossible)).await;
    assert_eq!(serving.next().await, 10);
    eventually("the others are finished", async || queue_under_test.running().await == [1, 2, 3]).await;
    assert_eq!(queue_under_test.row(10).await.state, JobState::Dead);
    serving.worker.abort();
}

#[tokio::test]
async fn a_worker_survives_the_wiping_of_redis() {
    let queue_under_test = TestQueue::create().await;
    let mut serving = Serving::start(&queue_under_test, quick(&queue_under_test));
    enqueue_now(&queue_under_test, &probe(1, Course::Record)).await;
    assert_eq!(serving.next().await, 1);
    let mut conn = queue_under_test.database.pool.get().await.unwrap();
    let now = rubis_jobs::database_now(&mut conn, None).await.unwrap();
    rubis_jobs::enqueue(&mut conn, &probe(2, Course::Record), now + seconds(1), now).await.unwrap();
    drop(conn);
    queue_under_test.redis.wipe();
    assert_eq!(serving.next().await, 2);
    serving.stop().await;
    assert_eq!(queue_under_test.done().await, [1, 2]);
}
