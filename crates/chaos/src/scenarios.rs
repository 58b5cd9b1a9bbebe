//! The faults, one a function, and the bars that the product has to reach.

mod api;
mod checkins;
mod connections;
mod jobs;
mod mail_server;
mod servers;
mod stops;
mod workers;

use std::time::Duration;

use anyhow::Result;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use time::OffsetDateTime;

use crate::{Environment, Expected, Report, ScenarioRun};

pub use checkins::{lose_one_that_asks, lose_redis_while_asking};
pub use workers::{lose_one_of_two, stop_one_of_two};

/// Time in which the jobs of a dead worker are done by another.
pub const CRASH_RECOVERY: Duration = Duration::from_secs(15);

/// Time until the next look at the whole calendar, which finds what a wipe or an outage took.
pub const ONE_SWEEP: Duration = Duration::from_secs(30);

/// Time until `/readyz` is well again after a database restart.
pub const READY_AGAIN: Duration = Duration::from_secs(10);

/// Time until all has to be quiet, whatever the bar: it distinguishes late from lost.
pub(crate) const QUIET: Duration = Duration::from_secs(100);

/// A fault and its name.
pub struct Scenario {
    pub name: &'static str,
    pub about: &'static str,
    /// Denominator of the part of the reminders that are due when it begins; 0 is none.
    share: usize,
    play: Play,
}

type Play = for<'a> fn(&'a mut Environment, &'a mut ScenarioRun, usize) -> LocalBoxFuture<'a, Result<Report>>;

impl Scenario {
    /// Runs it with about this many reminders. An error is a fault of the product as well.
    pub async fn play(&self, environment: &mut Environment, reminders: usize) -> Result<Report> {
        let due = reminders.checked_div(self.share).unwrap_or_default();
        let mut run = environment.run(self.name, due).await?;
        (self.play)(environment, &mut run, reminders).await
    }
}

fn finish<'a>(run: &'a ScenarioRun, expected: &'a Expected) -> LocalBoxFuture<'a, Result<Report>> {
    when_quiet(run, run.report(expected)).boxed_local()
}

async fn when_quiet(run: &ScenarioRun, report: impl Future<Output = Result<Report>>) -> Result<Report> {
    let is_quiet = run.database.quiet(None, QUIET).await?;
    let mut report = report.await?;
    report.expect(is_quiet, format!("jobs are still left after {QUIET:?}"));
    Ok(report)
}

/// Checks that no silence of a run that finishes is longer than one sweep.
async fn heal(
    run: &ScenarioRun,
    since: OffsetDateTime,
    finish: impl Future<Output = Result<Report>>,
) -> Result<Report> {
    let mut report = finish.await?;
    report.mended("the longest silence", run.longest_silence(since), ONE_SWEEP);
    Ok(report)
}

macro_rules! scenarios {
    (|$environment:ident, $run:ident, $reminders:ident| $($name:literal, $share:literal, $about:literal => $play:expr;)*) => {
        vec![$(Scenario {
            name: $name,
            about: $about,
            share: $share,
            play: |$environment, $run, $reminders| {
                let _ = (&$environment, &$run, $reminders);
                $play.boxed_local()
            },
        }),*]
    };
}

/// Every scenario, in the order in which they run.
pub fn all() -> Vec<Scenario> {
    scenarios! { |env, run, reminders|
        "calm", 1, "nothing goes wrong: what the others are measured against" => workers::calm(run);
        "worker-killed", 1, "kill -9 of one of two workers in the burst" => lose_one_of_two(run);
        "workers-killed", 1, "kill -9 of all workers in the burst, then others start" => workers::all_killed(run);
        "killed-twice", 4, "kill -9 of two workers in turn that sent the same reminders" => workers::killed_twice(run);
        "worker-stopped", 1, "SIGTERM to one of two workers in the burst" => stop_one_of_two(run);
        "clocks-apart", 1, "two workers whose clocks are five minutes apart" => workers::clocks_apart(env, run);
        "redis-flushed", 1, "FLUSHALL before the burst and in it" => servers::redis_flushed(env, run);
        "redis-killed", 1, "Redis is killed in the burst and comes back empty" => servers::redis_killed(env, run);
        "redis-paused", 1, "Redis does not answer for 20 s" => servers::redis_paused(env, run);
        "redis-absent", 1, "there is no Redis at all" => servers::redis_absent(run);
        "postgres-restarted", 1, "PostgreSQL is stopped at once in the burst, and started again" => servers::postgres_stopped(env, run, servers::RESTART);
        "postgres-away", 1, "PostgreSQL is away for longer than a lease" => servers::postgres_stopped(env, run, servers::LONG);
        "postgres-stalled", 1, "PostgreSQL answers nothing for longer than a lease, with all connections open" => servers::postgres_stalled(env, run);
        "cut-claim", 1, "connections are cut in the middle of claims" => connections::cut_in_claims(env, run);
        "cut-send", 1, "connections are cut in the middle of mails" => connections::cut_in_sends(run);
        "cut-record", 1, "connections are cut while mails are recorded" => connections::cut_in_records(run);
        "cut-at-random", 1, "all connections to PostgreSQL are cut again and again" => connections::cut_at_random(run);
        "api-killed", 4, "the API is killed between commit and answer" => api::killed_before_it_answers(env, run);
        "invoice-ends", 1, "invoices are paid or cancelled while their reminders are claimed" => stops::in_the_burst(env, run);
        "checkins-killed", 0, "kill -9 of one of two workers that ask whether invoices were paid" => lose_one_that_asks(run, reminders / 2);
        "checkins-redis", 0, "FLUSHALL and no Redis for 3 s while check-ins are due" => checkins::without_redis(env, run, reminders / 2);
        "checkins-settled", 0, "invoices are paid or cancelled while their check-ins are claimed" => checkins::settled(env, run, reminders / 2);
        "smtp-refuses", 2, "the mail server refuses recipients: 550" => mail_server::refuses(run);
        "smtp-later", 2, "the mail server puts recipients and contents off: 451" => mail_server::says_later(run);
        "smtp-away", 4, "the mail server is away for 30 minutes of virtual time" => mail_server::is_away(run);
        "smtp-closes", 2, "the mail server closes after the content, having taken the mail or not" => mail_server::closes(run);
        "smtp-slow", 4, "the mail server takes its time, for some mails longer than a lease" => mail_server::is_slow(run);
        "handler-panics", 4, "jobs whose handler always panics" => jobs::handler_panics(run);
        "newer-release", 4, "payloads and kinds of a newer release" => jobs::newer_release(run);
    }
}
