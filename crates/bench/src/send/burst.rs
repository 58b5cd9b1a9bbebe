//! One burst: reminders that are due together, and a worker that sends them.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use rubis_chaos::{Trial, TrialPlace, WorkerLaunch};
use rubis_inbox::{Mail, MailQuery};
use rubis_kernel::{Clock as _, SystemClock};
use time::OffsetDateTime;
use tokio::time::sleep;
use uuid::Uuid;

use super::{
    Arguments,
    cost::Cost,
    lateness::ByOrganization,
    template::{Due, Template, make_due},
};
use crate::Machine;

/// How long before the date everything must be ready: the feeder has offered all by then.
const HEAD_START: Duration = Duration::from_secs(2);

/// How long a mail, or the end of the last job, may take to come.
const PATIENCE: Duration = Duration::from_secs(900);

/// What a burst came to.
pub struct Burst {
    /// Reminders a second, from the first mail to the last.
    pub per_second: f64,
    /// From the date of all reminders to the last mail, in seconds.
    pub seconds: f64,
    /// How late the mails were.
    pub lateness: ByOrganization,
    /// What each reminder cost.
    pub each: Cost,
    /// One of the mails, as it was sent.
    pub specimen: Vec<u8>,
}

/// A mail server, and how workers are started towards it.
pub async fn trial(machine: &Machine, name: &str, url: &str) -> Result<Trial> {
    Trial::begin(TrialPlace {
        name: name.to_owned(),
        database_url: url.to_owned(),
        redis_url: machine.redis.url(),
        redis_prefix: format!("bench-{}", name.replace('_', "-")),
        worker: (std::path::absolute(&machine.options.worker)?, Vec::new()),
        logs: logs(machine)?,
        organizations: Vec::new(),
    })
    .await
}

fn logs(machine: &Machine) -> Result<PathBuf> {
    Ok(std::path::absolute(machine.logs())?)
}

/// A worker that sends as fast as it can, and logs as it does by default.
pub fn worker(trial: &Trial, connections: u32, concurrency: u32) -> WorkerLaunch {
    trial
        .worker()
        .set("PG_POOL_SIZE", connections.to_string())
        .set("WORKER_CONCURRENCY", concurrency.to_string())
        .set("MAIL_RATE_PER_SECOND", "0")
        .set("MAIL_TENANT_RATE_PER_SECOND", "0")
}

/// Sends all reminders of these organizations from a fresh copy of the template.
///
/// # Errors
/// When something does not work, or other mails arrive than the one of each reminder.
pub async fn burst(
    machine: &Machine,
    arguments: &Arguments,
    template: &Template<'_>,
    organizations: &[Uuid],
    name: &str,
) -> Result<Burst> {
    let url = template.copy(name).await?;
    let trial = trial(machine, name, &url).await?;
    let lead = Duration::from_secs(arguments.lead_seconds);
    let due_at = SystemClock.now() + lead;
    let due = make_due(&url, organizations, None, due_at).await?;
    let worker = worker(&trial, arguments.connections, arguments.concurrency).start().await?;
    let wait = Duration::try_from(due_at - SystemClock.now()).unwrap_or_default();
    ensure!(wait > HEAD_START, "no time was left before the date: give a longer --lead-seconds");
    sleep(wait).await;
    let before = Cost::read(machine, name, Some(worker.process_id())).await?;

    let last = MailQuery { since: Some(u64::try_from(due.len())? - 1), ..MailQuery::default() };
    let arrived = trial.inbox.wait_for(&last, 1, PATIENCE).await;
    let after = Cost::read(machine, name, Some(worker.process_id())).await?;
    ensure!(!arrived.is_empty(), "{} of {} mails arrived", trial.inbox.messages().len(), due.len());
    ensure!(trial.database.quiet(None, PATIENCE).await?, "jobs are left when all mails have arrived");
    worker.terminate().await?;
    // The last commits are counted when their connections end.
    let commits = Cost::read(machine, name, None).await?.commits;
    let mails = trial.inbox.messages();
    drop(trial);
    template.drop_copy(name).await?;

    let count = as_number(due.len());
    let (lateness, arrivals) = judge(&due, &mails, due_at)?;
    let first = arrivals.first().context("nothing was due")?;
    let last = arrivals.last().context("nothing was due")?;
    Ok(Burst {
        per_second: (count - 1.0) / ((last - first) / 1_000.0),
        seconds: last / 1_000.0,
        lateness,
        each: Cost { commits, ..after }.since(before, count),
        specimen: mails.first().map(|mail| mail.raw.to_vec()).unwrap_or_default(),
    })
}

/// A count for arithmetic.
#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "far below 2^52 reminders")]
pub fn as_number(count: usize) -> f64 {
    count as f64
}

/// Makes sure that each reminder's mail arrived, once, and nothing else; tells how late, in
/// milliseconds: by organization, and all in their order.
fn judge(due: &[Due], mails: &[Mail], due_at: OffsetDateTime) -> Result<(ByOrganization, Vec<f64>)> {
    let expected: HashMap<&str, Uuid> =
        due.iter().map(|due| (due.recipient.as_str(), due.organization)).collect();
    let (mut lateness, mut arrivals, mut seen) = (ByOrganization::default(), Vec::new(), HashSet::new());
    for mail in mails {
        let summary = &mail.summary;
        let recipient = summary.envelope_to.first().map(String::as_str).unwrap_or_default();
        let organization = *expected
            .get(recipient)
            .with_context(|| format!("a mail to {recipient} arrived, for whom none was due"))?;
        ensure!(seen.insert(recipient), "{recipient} got two mails");
        let late = (summary.received_at - due_at).as_seconds_f64() * 1_000.0;
        ensure!(late >= 0.0, "{recipient} got a mail {late:.0} ms before its date");
        lateness.add(organization, late);
        arrivals.push(late);
    }
    let ids: HashSet<_> = mails.iter().filter_map(|mail| mail.summary.message_id.as_deref()).collect();
    ensure!(
        (seen.len(), ids.len()) == (expected.len(), expected.len()),
        "{} of {} mails arrived, with {} identifiers",
        seen.len(),
        expected.len(),
        ids.len()
    );
    arrivals.sort_unstable_by(f64::total_cmp);
    Ok((lateness, arrivals))
}
