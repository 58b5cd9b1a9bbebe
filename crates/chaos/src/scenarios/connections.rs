//! Connections break at the worst moments, while every process lives on.

use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, interval};

use super::{CRASH_RECOVERY, QUIET, finish};
use crate::proxy::{Cut, Moment, Point, Protocol, Proxy};
use crate::{Environment, Expected, MayRepeat, Report, ScenarioRun};

const TIMES: u32 = 8;

/// Time in which the cuts have to come about.
const LIMIT: Duration = Duration::from_secs(45);

/// Time between two cuts of all connections, and their number.
const AXE_EVERY: Duration = Duration::from_millis(300);
const AXE_TIMES: usize = 12;

fn cut(at: Point, moment: Moment, every: u32) -> Cut {
    Cut { at, moment, every, times: TIMES }
}

async fn postgres_proxy(run: &ScenarioRun, cuts: &[Cut]) -> Result<Proxy> {
    let proxy = Proxy::start(run.database_address()?, Protocol::Postgres).await?;
    cuts.iter().for_each(|cut| proxy.arm(*cut));
    Ok(proxy)
}

/// Claims are cut off, in PostgreSQL and in Redis: the worker does not know which jobs it has claimed.
pub(super) async fn cut_in_claims(environment: &mut Environment, run: &mut ScenarioRun) -> Result<Report> {
    let claims = [cut(Point::Claim, Moment::InRequest, 3), cut(Point::Claim, Moment::BeforeAnswer, 4)];
    let postgres = postgres_proxy(run, &claims).await?;
    let redis = Proxy::start(environment.servers.redis.address(), Protocol::Requests).await?;
    redis.arm(cut(Point::Request, Moment::InRequest, 5));
    redis.arm(cut(Point::Request, Moment::BeforeAnswer, 7));
    let worker = run
        .worker()
        .set("DATABASE_URL", run.database_through(postgres.address().port())?)
        .set("REDIS_URL", format!("redis://{}/", redis.address()));
    let _workers = worker.start_two()?;
    postgres.wait_for_cuts(2 * TIMES, LIMIT).await?;
    let report = settle(run, Instant::now()).await?;
    Ok(counted(report, postgres.cuts() + redis.cuts()))
}

/// Mails are cut off before their end, and after the server has them and before the worker knows.
pub(super) async fn cut_in_sends(run: &mut ScenarioRun) -> Result<Report> {
    let smtp = Proxy::start(run.inbox.smtp_addr(), Protocol::Smtp).await?;
    smtp.arm(cut(Point::Content, Moment::InRequest, 11));
    smtp.arm(cut(Point::EndOfContent, Moment::BeforeAnswer, 13));
    let worker = run.worker().set("SMTP_PORT", smtp.address().port().to_string());
    let _workers = worker.start_two()?;
    smtp.wait_for_cuts(2 * TIMES, LIMIT).await?;
    let postponed = super::mail_server::hasten_what_failed(run, 1).await?;
    let times = usize::try_from(TIMES)?;
    let expected = Expected { may_repeat: MayRepeat::AtMost(times), ..Expected::default() };
    let mut report = finish(run, &expected).await?;
    report.expect(postponed == 2 * times, format!("{postponed} attempts of {} were counted", 2 * times));
    Ok(counted(report, smtp.cuts()))
}

/// Commits of records are cut off, before the server has them and after. No mail is sent again: its worker lives.
pub(super) async fn cut_in_records(run: &mut ScenarioRun) -> Result<Report> {
    let records = [cut(Point::Record, Moment::InRequest, 17), cut(Point::Record, Moment::BeforeAnswer, 19)];
    let postgres = postgres_proxy(run, &records).await?;
    let worker = run.worker().set("DATABASE_URL", run.database_through(postgres.address().port())?);
    let _workers = worker.start_two()?;
    postgres.wait_for_cuts(2 * TIMES, LIMIT).await?;
    let report = settle(run, Instant::now()).await?;
    Ok(counted(report, postgres.cuts()))
}

/// Every connection to PostgreSQL is cut at once, again and again.
pub(super) async fn cut_at_random(run: &mut ScenarioRun) -> Result<Report> {
    let postgres = postgres_proxy(run, &[]).await?;
    let worker = run.worker().set("DATABASE_URL", run.database_through(postgres.address().port())?);
    let _workers = worker.start_two()?;
    run.burst().await?;
    let mut ticks = interval(AXE_EVERY);
    for _ in 0..AXE_TIMES {
        ticks.tick().await;
        postgres.cut_all();
    }
    settle(run, Instant::now()).await
}

/// Checks that what was in flight at the last cut is over as soon as after a crash.
async fn settle(run: &ScenarioRun, last: Instant) -> Result<Report> {
    let held = run.being_sent().await?;
    run.over(&held, QUIET).await?;
    let healed = last.elapsed();
    let mut report = finish(run, &Expected::default()).await?;
    report.mended("what was held at the last cut", healed, CRASH_RECOVERY);
    Ok(report)
}

fn counted(mut report: Report, cuts: u32) -> Report {
    report.note(format!("{cuts} connections were cut"));
    report
}
