//! The memory of a worker among millions of planned jobs, while it sends what is due.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use diesel::sql_types::{BigInt, Double, Text};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl as _;
use rubis_billing::BillingRules;
use rubis_db::Pool;
use rubis_inbox::MailQuery;
use rubis_kernel::{Clock as _, SystemClock};
use rubis_lifecycle::PlanChoice;
use time::Duration;
use tokio::time::{Instant, sleep_until};

use super::calendar::Calendar;
use super::{MEMORY, thousands};
use crate::report::say;
use crate::{Machine, Report};

/// Organizations whose reminders are due.
const ORGANIZATIONS: usize = 20;

/// Lateness of the invoices are: the first reminder of the default plan leaves a minute after they are put in,
/// whatever weekend lies in between.
const DAYS_LATE: i64 = 8;

/// Invoices beside each late one, and when they are due: with more rows their sizes are truer.
const FURTHER: u32 = 4;
const DAYS_AHEAD: i64 = 60;

/// Time the reminders may take once they are due.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

/// Lets a worker send reminders that are due at once among all those jobs, and adds what memory that took,
/// and what the rows took on the disk.
pub async fn measure(
    machine: &Machine,
    calendar: &Calendar,
    due: u32,
    seconds: u64,
    report: &mut Report,
) -> Result<()> {
    let bytes_of_jobs = bytes_per_row(&calendar.pool, "jobs").await?;
    // These have no reminder, and would be dropped in place of being sent.
    let mut conn = calendar.pool.get().await?;
    sql_query("DELETE FROM jobs WHERE run_at <= clock_timestamp() + interval '5 minutes'")
        .execute(&mut conn)
        .await?;
    drop(conn);
    let (reminders, invoices) = put_in(&calendar.pool, due).await?;
    let bytes_planned = bytes_per_row(&calendar.pool, "relance_tasks").await?;

    let run = machine.run("feed_worker", &calendar.url).await?;
    let mut worker = run.worker().start()?;
    let began = Instant::now();
    say(format!(
        "a worker among {} jobs, with {reminders} reminders due within a minute",
        thousands(calendar.jobs)
    ));
    let expected = usize::try_from(reminders)?;
    let mails = run.inbox.wait_for(&MailQuery::default(), expected, PATIENCE).await.len();
    worker.check()?;
    ensure!(mails == expected, "{mails} of {expected} reminders arrived{}", worker.tail());
    sleep_until(began + std::time::Duration::from_secs(seconds)).await;
    worker.check()?;
    let memory = Memory::of(worker.id())?;
    say(format!("its memory: {:.1} MiB, at most {:.1} MiB", memory.resident, memory.peak));

    let size = thousands(calendar.jobs);
    report.add(format!("memory of a worker among {size}, MiB"), memory.resident, None, Some(MEMORY));
    report.add(format!("the most memory it had among {size}, MiB"), memory.peak, None, Some(MEMORY));
    report.note(format!(
        "The worker's memory after {} s and {reminders} mails, which were due at once.",
        seconds
    ));
    report.note(format!(
        "Bytes a row with its part of the indexes: job {bytes_of_jobs:.0}; and with {invoices} invoices, reminder \
         {bytes_planned:.0} while it waits and {:.0} once it left, invoice {:.0}, event {:.0}, client {:.0}.",
        bytes_planned + bytes_of_text(&calendar.pool).await?,
        bytes_per_row(&calendar.pool, "invoices").await?,
        bytes_per_row(&calendar.pool, "activity_events").await?,
        bytes_per_row(&calendar.pool, "clients").await?,
    ));
    Ok(())
}

/// A process' memory, in MiB.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Memory {
    resident: f64,
    peak: f64,
}

impl Memory {
    fn of(process: u32) -> Result<Self> {
        let path = format!("/proc/{process}/status");
        let status = fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
        Self::parse(&status).with_context(|| format!("{path} does not say how much memory there is"))
    }

    /// Of what Linux says of a process.
    fn parse(status: &str) -> Option<Self> {
        let mebibytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kibibytes: f64 =
                line.trim_start_matches(':').trim().strip_suffix("kB")?.trim().parse().ok()?;
            Some(kibibytes / 1_024.0)
        };
        Some(Self { resident: mebibytes("VmRSS")?, peak: mebibytes("VmHWM")? })
    }
}

/// Puts in late invoices with the default plan, whose first reminders are all due at the same instant, a
/// minute from now, after others that are not due for long. Says how many reminders will leave, and how many
/// invoices there are.
async fn put_in(pool: &Pool, reminders: u32) -> Result<(u32, u32)> {
    let mut conn = pool.get().await?;
    let organizations = rubis_chaos::found_organizations(&mut conn, ORGANIZATIONS).await?;
    let now = SystemClock.now();
    for organization in &organizations {
        rubis_chaos::subscribe(&mut conn, *organization, now).await?;
        rubis_chaos::without_checkins(&mut conn, *organization, now).await?;
    }
    let of_each = reminders.div_ceil(u32::try_from(ORGANIZATIONS)?);
    let rules = BillingRules::without_limits();
    let kinds =
        [("P", of_each * FURTHER, Duration::days(DAYS_AHEAD)), ("R", of_each, -Duration::days(DAYS_LATE))];
    for (kind, count, due_in) in kinds {
        let now = SystemClock.now();
        for (organization, number) in organizations.iter().zip(0..) {
            for invoice in 0..count {
                let due_date = (now + due_in).date();
                let name = format!("{kind}{invoice:04}");
                let new = rubis_chaos::invoice(number, &name, due_date.min(now.date()), due_date)?;
                let plan = PlanChoice::Default;
                rubis_lifecycle::create_invoice(&mut conn, *organization, &new, plan, None, &rules, now)
                    .await?;
            }
        }
    }
    let all = of_each * u32::try_from(ORGANIZATIONS)?;
    Ok((all, all * (1 + FURTHER)))
}

/// Bytes of a row on the disk, its part of the indexes included.
async fn bytes_per_row(pool: &Pool, table: &str) -> Result<f64> {
    #[derive(QueryableByName)]
    struct Size {
        #[diesel(sql_type = BigInt)]
        bytes: i64,
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    let mut conn = pool.get().await?;
    let query =
        format!("SELECT pg_total_relation_size($1::regclass) AS bytes, count(*) AS rows FROM {table}");
    let size: Size = sql_query(query).bind::<Text, _>(table).get_result(&mut conn).await?;
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
    Ok(size.bytes as f64 / size.rows.max(1) as f64)
}

/// Bytes that a sent reminder has more than a waiting one: its text and its date.
async fn bytes_of_text(pool: &Pool) -> Result<f64> {
    #[derive(QueryableByName)]
    struct Difference {
        #[diesel(sql_type = Double)]
        bytes: f64,
    }
    let mut conn = pool.get().await?;
    let difference: Difference = sql_query(
        "SELECT (avg(pg_column_size(relance_tasks.*)) FILTER (WHERE status = 'sent')
             - avg(pg_column_size(relance_tasks.*)) FILTER (WHERE status = 'scheduled'))::float8 AS bytes
         FROM relance_tasks",
    )
    .get_result(&mut conn)
    .await?;
    Ok(difference.bytes)
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
