//! The fault scenarios in short: real worker processes, a handful of reminders, the servers of the tests.

use std::path::PathBuf;

use rubis_chaos::proxy::{Cut, Moment, Point, Protocol, Proxy};
use rubis_chaos::scenarios::{
    self, lose_one_of_two, lose_one_that_asks, lose_redis_while_asking, stop_one_of_two,
};
use rubis_chaos::{Expected, Report, RunSetup, STOP_LIMIT, ScenarioRun, seed};
use rubis_kernel::{Clock as _, SystemClock};
use rubis_testkit::{TestDatabase, TestRedis};

const ORGANIZATIONS: usize = 5;
const REMINDERS: usize = 100;

/// A run, removed with this value.
struct Held {
    run: ScenarioRun,
    _database: TestDatabase,
    redis: TestRedis,
    logs: PathBuf,
}

impl Drop for Held {
    fn drop(&mut self) {
        // A failing test keeps its log: the message names it.
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.logs);
        }
    }
}

/// With all reminders due in a moment.
async fn hold(name: &str) -> Held {
    let mut held = prepare(name).await;
    held.run.make_due(REMINDERS).await.unwrap();
    held
}

/// With nothing due.
async fn prepare(name: &str) -> Held {
    let (database, redis) = (TestDatabase::create().await, TestRedis::create());
    let each = REMINDERS / ORGANIZATIONS;
    let organizations = seed(&database.pool, ORGANIZATIONS, each, SystemClock.now()).await.unwrap();
    let logs = std::env::temp_dir().join(&redis.prefix);
    std::fs::create_dir_all(&logs).unwrap();
    let setup = RunSetup {
        name: name.to_owned(),
        database_url: database.url.clone(),
        redis_url: redis.url.clone(),
        redis_prefix: redis.prefix.clone(),
        worker: (env!("CARGO_BIN_EXE_rubis-chaos").into(), vec!["worker".into()]),
        logs: logs.clone(),
        organizations,
    };
    let run = ScenarioRun::begin(setup).await.unwrap();
    Held { run, _database: database, redis, logs }
}

fn assert_good(report: &Report, held: &Held) {
    assert!(report.is_good(), "{:#?}\nthe log is {}", report.shortfalls, held.run.log().display());
    assert_eq!((report.reminders, report.sent, report.lost), (REMINDERS, REMINDERS, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_loses_no_reminder() {
    let held = hold("worker-killed").await;
    let report = lose_one_of_two(&held.run).await.unwrap();
    assert_good(&report, &held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_asked_to_stop_repeats_and_loses_nothing() {
    let held = hold("worker-stopped").await;
    let report = stop_one_of_two(&held.run).await.unwrap();
    assert_good(&report, &held);
    assert_eq!(report.repeated, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_wiped_and_commits_that_are_cut_off_cost_no_reminder() {
    let held = hold("cut-record").await;
    let Held { run, redis, .. } = &held;
    let proxy = Proxy::start(run.database_address().unwrap(), Protocol::Postgres).await.unwrap();
    for moment in [Moment::InRequest, Moment::BeforeAnswer] {
        proxy.arm(Cut { at: Point::Record, moment, every: 9, times: 3 });
    }
    let through = run.database_through(proxy.address().port()).unwrap();
    let worker = run.worker().set("DATABASE_URL", through).start().unwrap();
    run.burst().await.unwrap();
    redis.wipe();
    assert!(
        run.database.quiet(None, scenarios::ONE_SWEEP).await.unwrap(),
        "everything is over within a sweep"
    );
    worker.terminate(STOP_LIMIT).unwrap();

    let report = run.report(&Expected::default()).await.unwrap();
    assert_good(&report, &held);
    assert_eq!((report.repeated, proxy.cuts()), (0, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_asks_no_user_twice_but_by_the_same_mail() {
    let held = prepare("checkins-killed").await;
    let report = lose_one_that_asks(&held.run, REMINDERS).await.unwrap();
    assert_good(&report, &held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_wiped_costs_no_check_in() {
    let held = prepare("checkins-redis").await;
    let report = lose_redis_while_asking(&held.run, REMINDERS, || held.redis.wipe()).await.unwrap();
    assert_good(&report, &held);
    assert_eq!(report.repeated, 0);
}
