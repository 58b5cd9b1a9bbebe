//! The memory of a worker among millions of planned jobs, while it sends what is due.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rubis_inbox::MailQuery;
use rubis_kernel::{Clock as _, SystemClock};
use tokio::time::{Instant, sleep_until};

use super::calendar::Calendar;
use super::{MEMORY, thousands};
use crate::report::say;
use crate::{Machine, Report};

const ORGANIZATIONS: usize = 20;

const SEEDING_CONNECTIONS: u32 = 8;

/// Time from dating the reminders to their date.
const LEAD: Duration = Duration::from_secs(10);

const PATIENCE: Duration = Duration::from_secs(300);

/// Bytes of a row on the disk, its part of the indexes included.
const BYTES: &str =
    "SELECT string_agg(format('%s %s', name, pg_total_relation_size(name::regclass) / rows), ', ')
    FROM (
        SELECT 'jobs' AS name, count(*) AS rows FROM jobs
        UNION ALL SELECT 'relance_tasks', count(*) FROM relance_tasks
        UNION ALL SELECT 'invoices', count(*) FROM invoices
        UNION ALL SELECT 'activity_events', count(*) FROM activity_events
        UNION ALL SELECT 'clients', count(*) FROM clients
    ) AS counted WHERE rows > 0";

/// Lets a worker send reminders that are due at once, and adds its memory and the sizes of rows.
pub async fn measure(
    machine: &Machine,
    calendar: &Calendar,
    due: u32,
    seconds: u64,
    report: &mut Report,
) -> Result<()> {
    let run = machine.run("feed_worker", &calendar.url).await?;
    // These have no reminder, and would be dropped in place of being sent.
    run.database.execute("DELETE FROM jobs WHERE run_at <= clock_timestamp() + interval '5 minutes'").await?;
    let pool = rubis_db::connect(&calendar.url, SEEDING_CONNECTIONS)?;
    let each = usize::try_from(due)?.div_ceil(ORGANIZATIONS);
    rubis_chaos::seed(&pool, ORGANIZATIONS, each, SystemClock.now()).await?;
    drop(pool);
    let expected = run.database.make_due(None, None, SystemClock.now() + LEAD).await?.len();
    let mut worker = run.worker().start()?;
    let (began, size) = (Instant::now(), thousands(calendar.jobs));
    say(format!("a worker among {size} jobs, with {expected} reminders due in a moment"));
    let mails = run.inbox.wait_for(&MailQuery::default(), expected, PATIENCE).await.len();
    worker.check()?;
    ensure!(mails == expected, "{mails} of {expected} reminders arrived{}", worker.tail());
    sleep_until(began + Duration::from_secs(seconds)).await;
    worker.check()?;
    let memory = Memory::of(worker.id())?;
    say(format!("its memory: {:.1} MiB, at most {:.1} MiB", memory.resident, memory.peak));

    report.add(format!("memory of a worker among {size}, MiB"), memory.resident, None, Some(MEMORY));
    report.add(format!("the most memory it had among {size}, MiB"), memory.peak, None, Some(MEMORY));
    report.note(format!("The worker's memory after {seconds} s and {mails} mails, which were due at once."));
    let bytes = machine.servers.postgres.query(&calendar.database, BYTES)?;
    report.note(format!("Bytes a row with its part of the indexes: {}.", bytes.trim()));
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Memory {
    resident: f64,
    peak: f64,
}

impl Memory {
    fn of(process: u32) -> Result<Self> {
        let path = format!("/proc/{process}/status");
        let status = fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
        Self::parse(&status).with_context(|| format!("{path} has no memory"))
    }

    fn parse(status: &str) -> Option<Self> {
        let mebibytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kibibytes = line.trim_start_matches(':').trim().strip_suffix("kB")?;
            Some(kibibytes.trim().parse::<f64>().ok()? / 1_024.0)
        };
        Some(Self { resident: mebibytes("VmRSS")?, peak: mebibytes("VmHWM")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_linux_writes_it() {
        let status = "Name:\trubis-worker\nVmHWM:\t   32768 kB\nVmRSS:\t   16384 kB\n";
        assert_eq!(Memory::parse(status), Some(Memory { resident: 16.0, peak: 32.0 }));
        assert_eq!(Memory::parse("Name:\trubis-worker\n"), None);
    }
}
