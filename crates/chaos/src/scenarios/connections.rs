//! Connections break at the worst moments, while every process lives on.

use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, interval};

use super::{CRASH_RECOVERY, QUIET, workers::finish};
use crate::{
    Expected, MayRepeat, Report, Site, Trial,
    proxy::{Cut, Dialect, Moment, Point, Proxy},
};

/// Cuts of each sort.
const TIMES: u32 = 8;

/// How long the cuts of a trial may take to come about.
const LIMIT: Duration = Duration::from_secs(45);

/// The time between two cuts of everything, and how many there are.
const AXE_EVERY: Duration = Duration::from_millis(300);
const AXE_TIMES: usize = 12;

fn cut(at: Point, moment: Moment, every: u32) -> Cut {
    Cut { at, moment, every, times: TIMES }
}

/// Claims are cut off: the statement in PostgreSQL, and every sort of call in Redis. Whoever made
/// them does not know which jobs are its own.
pub(super) async fn cut_in_claims(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("cut-claim", reminders).await?;
    let postgres = Proxy::start(site.postgres.address(), Dialect::Postgres).await?;
    let redis = Proxy::start(site.redis.address(), Dialect::Requests).await?;
    postgres.arm(cut(Point::Claim, Moment::InRequest, 3));
    postgres.arm(cut(Point::Claim, Moment::BeforeAnswer, 4));
    redis.arm(cut(Point::Request, Moment::InRequest, 5));
    redis.arm(cut(Point::Request, Moment::BeforeAnswer, 7));
    let worker = trial
        .worker()
        .set("DATABASE_URL", site.database_through(postgres.address().port()))
        .set("REDIS_URL", format!("redis://{}/", redis.address()));
    let _workers = (worker.start().await?, worker.start().await?);
    postgres.wait_for_cuts(2 * TIMES, LIMIT).await?;
    let last = Instant::now();
    let report = settle(&trial, last, &Expected::default()).await?;
    Ok(counted(report, postgres.cuts() + redis.cuts()))
}

/// Mails are cut off: before their end, and when the server has them and the worker does not know.
/// What was cut has to wait for its next attempt, which is made to come at once.
pub(super) async fn cut_in_sends(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("cut-send", reminders).await?;
    let smtp = Proxy::start(trial.inbox.smtp_addr(), Dialect::Smtp).await?;
    smtp.arm(cut(Point::Content, Moment::InRequest, 11));
    smtp.arm(cut(Point::EndOfContent, Moment::BeforeAnswer, 13));
    let worker = trial.worker().set("SMTP_PORT", smtp.address().port().to_string());
    let _workers = (worker.start().await?, worker.start().await?);
    smtp.wait_for_cuts(2 * TIMES, LIMIT).await?;
    let postponed = super::mail_server::hasten_what_failed(&trial, 1).await?;
    let times = usize::try_from(TIMES)?;
    let expected = Expected { may_repeat: MayRepeat::AtMost(times), ..Expected::default() };
    let mut report = finish(&trial, &expected).await?;
    report.expect(postponed == 2 * times, format!("{postponed} attempts of {} were counted", 2 * times));
    Ok(counted(report, smtp.cuts()))
}

/// The commits that mark reminders as being sent and as sent are cut off, before the server has them
/// and after. No mail is sent again: its worker lives, and finds out.
pub(super) async fn cut_in_records(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("cut-record", reminders).await?;
    let postgres = Proxy::start(site.postgres.address(), Dialect::Postgres).await?;
    postgres.arm(cut(Point::Record, Moment::InRequest, 17));
    postgres.arm(cut(Point::Record, Moment::BeforeAnswer, 19));
    let worker = trial.worker().set("DATABASE_URL", site.database_through(postgres.address().port()));
    let _workers = (worker.start().await?, worker.start().await?);
    postgres.wait_for_cuts(2 * TIMES, LIMIT).await?;
    let last = Instant::now();
    let report = settle(&trial, last, &Expected::default()).await?;
    Ok(counted(report, postgres.cuts()))
}

/// Every connection to PostgreSQL is cut at once, again and again, wherever it is.
pub(super) async fn cut_at_random(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("cut-at-random", reminders).await?;
    let postgres = Proxy::start(site.postgres.address(), Dialect::Postgres).await?;
    let worker = trial.worker().set("DATABASE_URL", site.database_through(postgres.address().port()));
    let _workers = (worker.start().await?, worker.start().await?);
    trial.burst().await?;
    let mut ticks = interval(AXE_EVERY);
    for _ in 0..AXE_TIMES {
        ticks.tick().await;
        postgres.cut_all();
    }
    let last = Instant::now();
    settle(&trial, last, &Expected::default()).await
}

/// What workers held at the last cut has to be over as soon as after a crash.
async fn settle(trial: &Trial, last: Instant, expected: &Expected) -> Result<Report> {
    let held = trial.being_sent().await?;
    trial.over(&held, QUIET).await?;
    let healed = last.elapsed();
    let mut report = finish(trial, expected).await?;
    report.mended("what was held at the last cut", healed, CRASH_RECOVERY);
    Ok(report)
}

fn counted(mut report: Report, cuts: u32) -> Report {
    report.note(format!("{cuts} connections were cut"));
    report
}
