//! Whatever happens in whatever order, no job is lost, none has its effect twice, and none runs
//! after its cancel was acknowledged.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    time::Duration as Patience,
};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use rubis_jobs::{CrashPolicy, Enqueued};
use rubis_queue::{QueueRunner, QueueSettings};
use time::{Duration, OffsetDateTime};

use crate::support::{Course, Probe, START, TestQueue, cut_off, probe, seconds};

const CASES: u32 = 40;
const KEYS: u32 = 5;

/// Time a statement may wait for a stalled worker's transaction before that worker goes on.
const PATIENCE: Patience = Patience::from_millis(100);

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    /// The job is wanted after these seconds; a job that is there already is moved.
    Plan { key: u32, after: u64, fails_once: bool },
    /// The job is not wanted any more.
    Cancel { key: u32 },
    /// A worker's feeder takes a step, and may die after so many awaits.
    Feed { worker: usize, dies_after: Option<usize> },
    /// A worker claims and runs a batch, and may die after so many awaits.
    Run { worker: usize, dies_after: Option<usize> },
    /// A worker claims and runs a batch, and stops in the middle without dying; the one that had
    /// stopped before goes on.
    Stall { worker: usize, after: usize },
    /// The worker that had stopped goes on.
    GoOn,
    /// Time passes; ten seconds end every lease.
    Pass { seconds: i64 },
    /// Redis loses everything.
    Wipe,
}

fn happening() -> impl Strategy<Value = Happening> {
    let death = || prop_oneof![2 => Just(None), 3 => (1_usize..40).prop_map(Some)];
    prop_oneof![
        4 => (0..KEYS, prop_oneof![4 => 0_u64..20, 1 => 20_u64..900], any::<bool>())
            .prop_map(|(key, after, fails_once)| Happening::Plan { key, after, fails_once }),
        2 => (0..KEYS).prop_map(|key| Happening::Cancel { key }),
        4 => (0..2_usize, death()).prop_map(|(worker, dies_after)| Happening::Feed { worker, dies_after }),
        6 => (0..2_usize, death()).prop_map(|(worker, dies_after)| Happening::Run { worker, dies_after }),
        3 => (0..2_usize, 1_usize..40).prop_map(|(worker, after)| Happening::Stall { worker, after }),
        2 => Just(Happening::GoOn),
        3 => (0..8_i64).prop_map(|seconds| Happening::Pass { seconds }),
        2 => Just(Happening::Pass { seconds: 11 }),
        1 => prop_oneof![-120..0_i64, 60..3_600_i64].prop_map(|seconds| Happening::Pass { seconds }),
        1 => Just(Happening::Wipe),
    ]
}

/// Facts that must hold in the end.
#[derive(Default)]
struct Expected {
    /// The payload of each job that is wanted and was not seen to be done.
    wanted: BTreeMap<u32, u32>,
    /// Payloads that must have had their effect once.
    done: BTreeSet<(u32, u32)>,
    /// Payloads that were cancelled or replaced before they had any effect.
    never: BTreeSet<(u32, u32)>,
    generations: u32,
}

impl Expected {
    fn plan(&mut self, job: &Probe, answer: Enqueued) {
        let new = (job.key, job.generation);
        match answer {
            // There was no row: what was wanted before must have been done.
            Enqueued::Created => {
                self.done.extend(self.wanted.insert(new.0, new.1).map(|before| (job.key, before)));
            }
            Enqueued::Updated => {
                let before = self.wanted.insert(new.0, new.1).expect("only a job that is wanted has a row");
                self.never.insert((job.key, before));
            }
            Enqueued::Running => {
                self.never.insert(new);
            }
        }
    }

    fn cancel(&mut self, key: u32) {
        let before = self.wanted.remove(&key).expect("only a job that is wanted has a row");
        self.never.insert((key, before));
    }
}

async fn play(queue_under_test: &TestQueue, happenings: Vec<Happening>) -> Result<(), TestCaseError> {
    queue_under_test.execute("DELETE FROM jobs; DELETE FROM effects").await;
    queue_under_test.redis.wipe();
    let workers = [worker(queue_under_test), worker(queue_under_test)];
    let mut stalled = Stalled(None);
    let mut now = START;
    let mut expected = Expected::default();
    for happening in happenings {
        match happening {
            Happening::Plan { key, after, fails_once } => {
                expected.generations += 1;
                let course = if fails_once { Course::FailTimes(1) } else { Course::Record };
                let job = Probe { generation: expected.generations, ..probe(key, course) };
                let answer =
                    stalled.beside(queue_under_test.enqueue_probe(&job, now + seconds(after), now)).await;
                expected.plan(&job, answer);
            }
            Happening::Cancel { key } => {
                if stalled.beside(queue_under_test.cancel(key)).await {
                    expected.cancel(key);
                }
            }
            Happening::Feed { worker, dies_after } => {
                let feeding = cut_off(workers[worker].feed_once(now), dies_after.unwrap_or(usize::MAX));
                Box::pin(stalled.beside(feeding)).await;
            }
            Happening::Run { worker, dies_after } => {
                let running = cut_off(workers[worker].run_batch(now), dies_after.unwrap_or(usize::MAX));
                Box::pin(stalled.beside(running)).await;
            }
            Happening::Stall { worker, after } => {
                stalled.go_on().await;
                let runner = &workers[worker];
                let mut running: Running<'_> = Box::pin(async move {
                    let _ = runner.run_batch(now).await;
                });
                if cut_off(running.as_mut(), after).await.is_none() {
                    stalled.0 = Some(running);
                }
            }
            Happening::GoOn => stalled.go_on().await,
            Happening::Pass { seconds } => now += Duration::seconds(seconds),
            Happening::Wipe => queue_under_test.redis.wipe(),
        }
    }
    stalled.go_on().await;
    let_time_pass(queue_under_test, &workers, now).await?;
    check(queue_under_test, expected).await
}

type Running<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// The run of a worker that has stopped in the middle: its machine is suspended, or its network is
/// slow. What it holds in Postgres stays locked, what it holds by leases may be taken from it.
struct Stalled<'a>(Option<Running<'a>>);

impl Stalled<'_> {
    async fn go_on(&mut self) {
        if let Some(running) = self.0.take() {
            running.await;
        }
    }

    /// Does something else; when that has to wait for the stalled worker, both go on.
    async fn beside<T>(&mut self, other: impl Future<Output = T>) -> T {
        let mut other = std::pin::pin!(other);
        if self.0.is_none() {
            return other.await;
        }
        match tokio::time::timeout(PATIENCE, other.as_mut()).await {
            Ok(output) => output,
            Err(_) => tokio::join!(other, self.go_on()).0,
        }
    }
}

fn worker(queue_under_test: &TestQueue) -> QueueRunner {
    // Nobody dies so often in earnest; quarantine has its own tests.
    let crash_policy = CrashPolicy { max_crashes: 1_000, ..CrashPolicy::default() };
    queue_under_test.runner_with(QueueSettings {
        crash_policy,
        concurrency: 4,
        ..queue_under_test.settings()
    })
}

/// Lets the workers go on as they do, second by second at first and then by minutes, until there is
/// nothing left to do.
async fn let_time_pass(
    queue_under_test: &TestQueue,
    workers: &[QueueRunner; 2],
    mut now: OffsetDateTime,
) -> Result<(), TestCaseError> {
    for round in 0..200 {
        for worker in workers {
            worker.feed_once(now).await.expect("Postgres answers");
            while worker.run_batch(now).await.expect("Postgres answers").is_some() {}
        }
        if queue_under_test.jobs_left().await == 0 {
            return Ok(());
        }
        now += if round < 15 { Duration::seconds(1) } else { Duration::minutes(1) };
    }
    Err(TestCaseError::fail("jobs are left over"))
}

async fn check(queue_under_test: &TestQueue, mut expected: Expected) -> Result<(), TestCaseError> {
    expected.done.extend(expected.wanted);
    let mut effects = BTreeMap::new();
    for (key, generation, what) in queue_under_test.effects().await {
        prop_assert_eq!(what, "done");
        *effects.entry((key, generation)).or_insert(0) += 1;
    }
    for job in &expected.never {
        prop_assert!(!effects.contains_key(job), "{:?} was cancelled or replaced, and yet it ran", job);
    }
    let once: BTreeMap<_, _> = expected.done.into_iter().map(|job| (job, 1)).collect();
    prop_assert_eq!(effects, once, "what had its effect, beside what should have, once");
    Ok(())
}

#[test]
fn no_job_is_lost_or_done_twice_and_none_runs_after_its_cancel_was_acknowledged() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let queue_under_test = runtime.block_on(TestQueue::create());
    let config =
        Config { cases: CASES, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    TestRunner::new(config)
        .run(&proptest::collection::vec(happening(), 10..60), |happenings| {
            runtime.block_on(play(&queue_under_test, happenings))
        })
        .unwrap();
    // Its connections live in the runtime.
    runtime.block_on(async { drop(queue_under_test) });
}
