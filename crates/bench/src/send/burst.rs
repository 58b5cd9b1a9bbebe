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
use super::cost::{self, Cost};
use super::template::{Template, make_due};
use crate::Machine;
use crate::options::unlimited_worker;
use crate::statistics::{Lateness, as_number};

/// Time before the date by which all must be ready: the feeder has scheduled all in Redis by then.
const HEAD_START: Duration = Duration::from_secs(2);

const PATIENCE: Duration = Duration::from_secs(900);

/// Lateness of the mails of each organization, in milliseconds.
type ByOrganization = HashMap<Uuid, Vec<f64>>;

pub struct Burst {
    /// Reminders a second, from the first mail to the last.
    pub per_second: f64,
    lateness: ByOrganization,
    pub each: Cost,
}

impl Burst {
    pub fn late(&self, is_meant: impl Fn(&Uuid) -> bool) -> Lateness {
        let meant = self.lateness.iter().filter(|(id, _)| is_meant(id));
        Lateness::of(&mut meant.flat_map(|(_, times)| times.iter().copied()).collect::<Vec<_>>())
    }

    /// The greatest p99 of one of these organizations.
    pub fn worst_p99(&self, is_meant: impl Fn(&Uuid) -> bool) -> f64 {
        let meant = self.lateness.iter().filter(|(id, _)| is_meant(id));
        meant.map(|(_, times)| Lateness::of(&mut times.clone()).p99).fold(0.0, f64::max)
    }
}

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
    let before = cost::read(machine, name, Some(worker.id())).await?;

    let last = MailQuery { since: Some(u64::try_from(due.len())? - 1), ..MailQuery::default() };
    let arrived = run.inbox.wait_for(&last, 1, PATIENCE).await;
    let mut after = cost::read(machine, name, Some(worker.id())).await?;
    ensure!(!arrived.is_empty(), "{} of {} mails arrived", run.inbox.messages().len(), due.len());
    ensure!(run.database.quiet(None, PATIENCE).await?, "jobs are left when all mails have arrived");
    worker.terminate(STOP_LIMIT)?;
    // The last commits are counted when their connections end.
    let at_the_end = cost::read(machine, name, None).await?;
    let ([.., commits], [.., ended]) = (&mut after, at_the_end);
    *commits = ended;
    let mails = run.inbox.messages();
    drop(run);
    machine.servers.drop_database(name)?;

    let count = as_number(due.len());
    let (lateness, arrivals) = judge(&due, &mails, due_at)?;
    let (first, last) = arrivals.first().zip(arrivals.last()).context("nothing was due")?;
    let per_second = (count - 1.0) / ((last - first) / 1_000.0);
    Ok(Burst { per_second, lateness, each: cost::each(after, before, count) })
}

/// Makes sure that each mail arrived once; returns the milliseconds by organization, and all in their order.
fn judge(due: &[Due], mails: &[Mail], due_at: OffsetDateTime) -> Result<(ByOrganization, Vec<f64>)> {
    let expected: HashMap<&str, Uuid> =
        due.iter().map(|due| (due.recipient.as_str(), due.organization)).collect();
    let (mut lateness, mut arrivals, mut seen) = (ByOrganization::new(), Vec::new(), HashSet::new());
    for mail in mails {
        let summary = &mail.summary;
        let recipient = summary.envelope_to.first().map(String::as_str).unwrap_or_default();
        let organization = *expected
            .get(recipient)
            .with_context(|| format!("a mail to {recipient} arrived, for whom none was due"))?;
        ensure!(seen.insert(recipient), "{recipient} got two mails");
        let late = (summary.received_at - due_at).as_seconds_f64() * 1_000.0;
        ensure!(late >= 0.0, "{recipient} got a mail {late:.0} ms before its date");
        lateness.entry(organization).or_default().push(late);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organizations_are_judged_together_and_by_the_worst() {
        let (big, small, other) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let lateness = HashMap::from([(big, vec![900.0]), (small, vec![10.0, 30.0]), (other, vec![20.0])]);
        let burst = Burst { per_second: 1.0, lateness, each: [0.0; 5] };
        let figures = |lateness: Lateness| (lateness.p50, lateness.p99);
        assert_eq!(figures(burst.late(|id| *id != big)), (20.0, 30.0));
        assert_eq!(figures(burst.late(|id| *id == big)), (900.0, 900.0));
        assert_eq!(burst.worst_p99(|id| *id != big), 30.0);
    }
}
