//! One burst: reminders that are due together, and a worker that sends them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rubis_chaos::{Due, STOP_LIMIT};
use rubis_inbox::{Mail, MailQuery};
use rubis_kernel::{Clock as _, SystemClock};
use time::OffsetDateTime;
use tokio::time::sleep;
use uuid::Uuid;

use super::Arguments;
use super::cost::Cost;
use super::lateness::ByOrganization;
use super::template::{Template, make_due};
use crate::Machine;
use crate::options::unlimited_worker;
use crate::statistics::as_number;

/// Time before the date by which all must be ready: the feeder has scheduled all in Redis by then.
const HEAD_START: Duration = Duration::from_secs(2);

/// Time a mail, or the end of the last job, may take to come.
const PATIENCE: Duration = Duration::from_secs(900);

pub struct Burst {
    /// Reminders a second, from the first mail to the last.
    pub per_second: f64,
    /// From the date of all reminders to the last mail, in seconds.
    pub seconds: f64,
    pub lateness: ByOrganization,
    pub each: Cost,
    /// One of the mails, as it was sent.
    pub specimen: Vec<u8>,
}

/// Sends all reminders of these organizations from a fresh copy of the template.
pub async fn burst(
    machine: &Machine,
    arguments: &Arguments,
    template: &Template,
    organizations: &[Uuid],
    name: &str,
) -> Result<Burst> {
    let url = machine.servers.copy(template.name, name)?;
    let run = machine.run(name, &url).await?;
    let lead = Duration::from_secs(arguments.lead_seconds);
    let due_at = SystemClock.now() + lead;
    let due = make_due(&run.database, organizations, None, due_at).await?;
    let worker = unlimited_worker(&run, arguments.connections, arguments.concurrency).start()?;
    let wait = Duration::try_from(due_at - SystemClock.now()).unwrap_or_default();
    ensure!(wait > HEAD_START, "no time was left before the date: give a longer --lead-seconds");
    sleep(wait).await;
    let before = Cost::read(machine, name, Some(worker.id())).await?;

    let last = MailQuery { since: Some(u64::try_from(due.len())? - 1), ..MailQuery::default() };
    let arrived = run.inbox.wait_for(&last, 1, PATIENCE).await;
    let after = Cost::read(machine, name, Some(worker.id())).await?;
    ensure!(!arrived.is_empty(), "{} of {} mails arrived", run.inbox.messages().len(), due.len());
    ensure!(run.database.quiet(None, PATIENCE).await?, "jobs are left when all mails have arrived");
    worker.terminate(STOP_LIMIT)?;
    // The last commits are counted when their connections end.
    let commits = Cost::read(machine, name, None).await?.commits;
    let mails = run.inbox.messages();
    drop(run);
    machine.servers.drop_database(name)?;

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

/// Makes sure that each reminder's mail arrived, once, and nothing else; returns how late, in
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
