//! The memory of a worker among millions of planned jobs, while it sends what is due.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Double, Text},
};
use diesel_async::RunQueryDsl as _;
use rubis_accounts::{NewAccount, NewAccountInput, PasswordHash};
use rubis_billing::BillingRules;
use rubis_chaos::{APP_KEY, Launch, PASSWORD, free_port};
use rubis_db::Pool;
use rubis_inbox::{Inbox, InboxSettings, MailQuery};
use rubis_invoices::{InvoicedClient, NewInvoice};
use rubis_kernel::{Clock as _, Currency, Money, SystemClock};
use rubis_lifecycle::PlanChoice;
use time::{Duration, OffsetDateTime};
use tokio::time::{Instant, sleep_until};

use super::{MEMORY, calendar::Calendar, thousands};
use crate::{Machine, Report, report::say};

/// Organizations whose reminders are due.
const ORGANIZATIONS: u32 = 20;

/// How late the invoices are: the first reminder of the default plan leaves a minute after they are put in,
/// whatever weekend lies in between.
const DAYS_LATE: i64 = 8;

/// Invoices beside each late one, and when they are due: with more rows their sizes are truer.
const FURTHER: u32 = 4;
const DAYS_AHEAD: i64 = 60;

/// How long the reminders may take once they are due.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);

/// What is watched.
pub struct Watch {
    /// Reminders that leave meanwhile.
    pub due: u32,
    /// How long it is watched at least.
    pub seconds: u64,
}

/// Lets a worker send reminders that are due at once among all those jobs, and adds what memory that took,
/// and what the rows took on the disk.
///
/// # Errors
/// When a program fails, or not all reminders arrive.
pub async fn measure(
    machine: &Machine,
    calendar: &Calendar,
    watch: &Watch,
    report: &mut Report,
) -> Result<()> {
    let bytes_of_jobs = bytes_per_row(&calendar.pool, "jobs").await?;
    // These have no reminder, and would be dropped in place of being sent.
    let mut conn = calendar.pool.get().await?;
    sql_query("DELETE FROM jobs WHERE run_at <= clock_timestamp() + interval '5 minutes'")
        .execute(&mut conn)
        .await?;
    drop(conn);
    let (reminders, invoices) = put_in(&calendar.pool, watch.due).await?;
    let bytes_planned = bytes_per_row(&calendar.pool, "relance_tasks").await?;

    let inbox = Inbox::start(InboxSettings::default()).await?;
    let mut worker = launch(machine, calendar, &inbox)?.start()?;
    let began = Instant::now();
    say(&format!(
        "a worker among {} jobs, with {reminders} reminders due within a minute",
        thousands(calendar.jobs)
    ));
    let expected = usize::try_from(reminders)?;
    let mails = inbox.wait_for(&MailQuery::default(), expected, PATIENCE).await.len();
    worker.check()?;
    ensure!(mails == expected, "{mails} of {expected} reminders arrived{}", worker.tail());
    sleep_until(began + std::time::Duration::from_secs(watch.seconds)).await;
    worker.check()?;
    let memory = Memory::of(worker.id())?;
    say(&format!("its memory: {:.1} MiB, at most {:.1} MiB", memory.resident, memory.peak));

    let size = thousands(calendar.jobs);
    report.add(format!("memory of a worker among {size}, MiB"), memory.resident, None, Some(MEMORY));
    report.add(format!("the most memory it had among {size}, MiB"), memory.peak, None, Some(MEMORY));
    report.note(format!(
        "The worker's memory after {} s and {reminders} mails, which were due at once.",
        watch.seconds
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
    /// What it holds.
    resident: f64,
    /// The most that it ever held.
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

fn launch(machine: &Machine, calendar: &Calendar, inbox: &Inbox) -> Result<Launch> {
    let smtp = inbox.smtp_addr();
    let variables = [
        ("APP_KEY", APP_KEY.to_owned()),
        ("DATABASE_URL", calendar.url.clone()),
        ("REDIS_URL", machine.redis.url()),
        ("REDIS_PREFIX", "memory".to_owned()),
        ("METRICS_ADDR", format!("127.0.0.1:{}", free_port()?)),
        ("MAIL_DRIVER", "smtp".to_owned()),
        ("MAIL_FROM_ADDRESS", "relances@rubis.example".to_owned()),
        ("MAIL_FROM_NAME", "Rubis".to_owned()),
        ("SMTP_HOST", smtp.ip().to_string()),
        ("SMTP_PORT", smtp.port().to_string()),
        ("SMTP_TLS", "none".to_owned()),
        ("LOG_LEVEL", "info".to_owned()),
    ];
    let launch = Launch::new(&machine.options.worker, machine.logs().join("feed-worker.log"));
    Ok(variables.into_iter().fold(launch, |launch, (key, value)| launch.variable(key, value)))
}

/// Puts in late invoices with the default plan, whose first reminders are all due at the same instant, a
/// minute from now, after others that are not due for long. Says how many reminders will leave, and how many
/// invoices there are.
async fn put_in(pool: &Pool, reminders: u32) -> Result<(u32, u32)> {
    let password = account(0)?.password;
    let hash = tokio::task::spawn_blocking(move || PasswordHash::hash(&password)).await??;
    let now = SystemClock.now();
    let mut conn = pool.get().await?;
    let mut organizations = Vec::new();
    for number in 0..ORGANIZATIONS {
        let organization = rubis_chaos::found_organization(&mut conn, &account(number)?, &hash, now).await?;
        rubis_chaos::subscribe(&mut conn, organization, now).await?;
        rubis_chaos::without_checkins(&mut conn, organization, now).await?;
        organizations.push(organization);
    }
    let of_each = reminders.div_ceil(ORGANIZATIONS);
    let rules = BillingRules::without_limits();
    let kinds =
        [("P", of_each * FURTHER, Duration::days(DAYS_AHEAD)), ("R", of_each, -Duration::days(DAYS_LATE))];
    for (kind, count, due_in) in kinds {
        let now = SystemClock.now();
        for (organization, number) in organizations.iter().zip(0..) {
            for invoice in 0..count {
                let new = invoice_of(number, kind, invoice, now, due_in)?;
                let plan = PlanChoice::Default;
                rubis_lifecycle::create_invoice(&mut conn, *organization, &new, plan, None, &rules, now)
                    .await?;
            }
        }
    }
    Ok((of_each * ORGANIZATIONS, of_each * (1 + FURTHER) * ORGANIZATIONS))
}

fn invoice_of(
    organization: u32,
    kind: &str,
    invoice: u32,
    now: OffsetDateTime,
    due_in: Duration,
) -> Result<NewInvoice> {
    let due_date = (now + due_in).date();
    Ok(NewInvoice {
        client: InvoicedClient::Named {
            kind: rubis_invoices::ClientKind::Person,
            name: format!("Débiteur {kind}{invoice:04}"),
            email: format!("compta-{kind}{invoice:04}@debiteur-{organization:03}.example")
                .to_lowercase()
                .parse()?,
        },
        numero: format!("{kind}-{organization:03}-{invoice:04}"),
        amount: Money::new(120_000, Currency::EUR),
        issue_date: due_date.min(now.date()),
        due_date,
        lines: Vec::new(),
    })
}

fn account(number: u32) -> Result<NewAccount> {
    let input = NewAccountInput {
        email: format!("gerant@societe-{number:03}.example"),
        password: PASSWORD.to_owned(),
        full_name: "Camille Renard".to_owned(),
        organization_name: format!("Société {number:03}"),
    };
    NewAccount::parse(&input).context("the account is refused")
}

/// What a row takes on the disk, its part of the indexes included.
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

/// What a reminder that left has more of than one that waits: its text, and when it left.
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
