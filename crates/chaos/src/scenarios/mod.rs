//! What happens to the product, one fault a function, and the bars it is held to.

mod api;
mod checkins;
mod connections;
mod database;
mod jobs;
mod mail_server;
mod redis;
mod stops;
mod workers;

use std::time::Duration;

use anyhow::Result;
use futures_util::{FutureExt as _, future::LocalBoxFuture};

use crate::{Report, Site};

pub use checkins::{lose_one_that_asks, lose_redis_while_asking};
pub use workers::{lose_one_of_two, stop_one_of_two};

/// A worker that died is made up for within this time.
pub const CRASH_RECOVERY: Duration = Duration::from_secs(15);

/// What a wipe or an outage took is found by the next look at the whole calendar.
pub const ONE_SWEEP: Duration = Duration::from_secs(30);

/// `/readyz` is well again this long after a database restart.
pub const READY_AGAIN: Duration = Duration::from_secs(10);

/// How long all being quiet is waited for, whatever the bar: late is told from lost.
pub(crate) const QUIET: Duration = Duration::from_secs(100);

/// A fault, and what it is called.
pub struct Scenario {
    /// A name for the command line.
    pub name: &'static str,
    /// What happens.
    pub about: &'static str,
    run: for<'a> fn(&'a mut Site, usize) -> LocalBoxFuture<'a, Result<Report>>,
}

impl Scenario {
    /// Plays it with about this many reminders.
    ///
    /// # Errors
    /// When it could not be played to its end, which says nothing good of the product either.
    pub async fn play(&self, site: &mut Site, reminders: usize) -> Result<Report> {
        (self.run)(site, reminders).await
    }
}

macro_rules! scenarios {
    ($($name:literal, $about:literal => $run:path;)*) => {
        vec![$(Scenario { name: $name, about: $about, run: |site, reminders| $run(site, reminders).boxed_local() }),*]
    };
}

/// Every scenario, in the order in which they are played.
#[must_use]
pub fn all() -> Vec<Scenario> {
    scenarios! {
        "calm", "nothing goes wrong: what the others are measured against" => workers::calm;
        "worker-killed", "kill -9 of one of two workers in the burst" => workers::one_killed;
        "workers-killed", "kill -9 of all workers in the burst, then others start" => workers::all_killed;
        "killed-twice", "kill -9 of two workers in turn that sent the same reminders" => workers::killed_twice;
        "worker-stopped", "SIGTERM to one of two workers in the burst" => workers::told_to_stop;
        "clocks-apart", "two workers whose clocks are five minutes apart" => workers::clocks_apart;
        "redis-flushed", "FLUSHALL before the burst and in it" => redis::flushed;
        "redis-killed", "Redis is killed in the burst and comes back empty" => redis::killed;
        "redis-paused", "Redis does not answer for 20 s" => redis::paused;
        "redis-absent", "there is no Redis at all" => redis::absent;
        "postgres-restarted", "PostgreSQL is stopped at once in the burst, and started again" => database::restarted;
        "postgres-away", "PostgreSQL is away for longer than a lease" => database::away;
        "postgres-stalled", "PostgreSQL answers nothing for longer than a lease, with all connections open" => database::stalled;
        "cut-claim", "connections are cut in the middle of claims" => connections::cut_in_claims;
        "cut-send", "connections are cut in the middle of mails" => connections::cut_in_sends;
        "cut-record", "connections are cut while mails are recorded" => connections::cut_in_records;
        "cut-at-random", "all connections to PostgreSQL are cut again and again" => connections::cut_at_random;
        "api-killed", "the API is killed between commit and answer" => api::killed_before_it_answers;
        "invoice-ends", "invoices are paid or cancelled while their reminders are claimed" => stops::in_the_burst;
        "checkins-killed", "kill -9 of one of two workers that ask whether invoices were paid" => checkins::killed;
        "checkins-redis", "FLUSHALL and no Redis for 3 s while check-ins are due" => checkins::without_redis;
        "checkins-settled", "invoices are paid or cancelled while their check-ins are claimed" => checkins::settled;
        "smtp-refuses", "the mail server refuses recipients: 550" => mail_server::refuses;
        "smtp-later", "the mail server puts recipients and contents off: 451" => mail_server::says_later;
        "smtp-away", "the mail server is away for 30 minutes of virtual time" => mail_server::is_away;
        "smtp-closes", "the mail server closes after the content, having taken the mail or not" => mail_server::closes;
        "smtp-slow", "the mail server takes its time, for some mails longer than a lease" => mail_server::is_slow;
        "handler-panics", "jobs whose handler always panics" => jobs::handler_panics;
        "newer-release", "payloads and kinds of a newer release" => jobs::newer_release;
    }
}
