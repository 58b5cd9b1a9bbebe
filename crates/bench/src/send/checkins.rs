//! Check-ins: mails that ask users whether invoices were paid, several invoices in each.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rubis_chaos::{Checkins, Expected, STOP_LIMIT, seed};
use rubis_kernel::{Clock as _, SystemClock};
use tokio::time::sleep;

use super::Arguments;
use crate::options::unlimited_worker;
use crate::report::say;
use crate::statistics::{as_number, median_of};
use crate::{Machine, Report};

const SEEDING_CONNECTIONS: u32 = 8;

const PATIENCE: Duration = Duration::from_secs(300);

struct Round {
    mails: f64,
    /// From the date of all check-ins to the last mail, in seconds.
    sent: f64,
    /// From that date until all is recorded, in seconds.
    recorded: f64,
    late_p50: f64,
    late_p99: f64,
}

/// All check-ins due at one instant, and a worker that sends them.
pub async fn run(machine: &Machine, arguments: &Arguments) -> Result<Report> {
    let Arguments { organizations, invoices, rounds, connections, concurrency, .. } = *arguments;
    let mut done = Vec::new();
    for number in 1..=rounds {
        let round = round(machine, arguments, &format!("checkins_{number}")).await?;
        say(format!(
            "Round {number}: {invoices} invoices by {:.0} mails, the last after {:.2} s, recorded after {:.2} s",
            round.mails, round.sent, round.recorded
        ));
        done.push(round);
    }
    let asked = as_number(invoices);
    let mut report = Report::new("Send check-ins", "none");
    let mut add = |what: &str, figure: fn(&Round) -> f64| {
        report.add(what, median_of(&done, figure), None, None);
    };
    add("mails/s", |round| round.mails / round.sent);
    add("mails", |round| round.mails);
    add("seconds from the date to the last mail", |round| round.sent);
    add("seconds from the date until all is recorded", |round| round.recorded);
    add("lateness p50, ms", |round| round.late_p50);
    add("lateness p99, ms", |round| round.late_p99);
    report.add("invoices asked about/s", median_of(&done, |round| asked / round.sent), None, None);
    report.add("invoices recorded/s", median_of(&done, |round| asked / round.recorded), None, None);
    report.note(format!(
        "Check-ins about {invoices} invoices of {organizations} organizations, all due at one instant, which make one \
         mail for each organization unless a worker overtakes another; one worker with {concurrency} jobs at once \
         and {connections} connections, mails over SMTP to a server in the benchmark's own process. Medians of \
         {rounds} rounds, each on a database of its own; each made sure that every invoice was asked about \
         once and that every link answers."
    ));
    Ok(report)
}

async fn round(machine: &Machine, arguments: &Arguments, name: &str) -> Result<Round> {
    let Arguments { organizations, invoices, connections, concurrency, lead_seconds, .. } = *arguments;
    let url = machine.servers.database(name).await?;
    let pool = rubis_db::connect(&url, SEEDING_CONNECTIONS)?;
    let mut run = machine.run(name, &url).await?;
    run.setup.organizations =
        seed(&pool, organizations, invoices.div_ceil(organizations), SystemClock.now()).await?;
    drop(pool);
    let checkins = Checkins::make_due_at_once(&run, invoices, Duration::from_secs(lead_seconds)).await?;
    run.database.execute("VACUUM (ANALYZE)").await?;
    run.database.execute("CHECKPOINT").await?;
    let due_at = checkins.due.first().context("nothing is due")?.send_at;
    let worker = unlimited_worker(&run, connections, concurrency).start()?;
    let wait = Duration::try_from(due_at - SystemClock.now()).unwrap_or_default();
    ensure!(!wait.is_zero(), "no time was left before the date: give a longer --lead-seconds");
    sleep(wait).await;
    ensure!(run.database.quiet(None, PATIENCE).await?, "jobs are left after {PATIENCE:?}");
    let recorded = (SystemClock.now() - due_at).as_seconds_f64();
    worker.terminate(STOP_LIMIT)?;

    let report = checkins.report(&Expected::default()).await?;
    ensure!(report.is_good(), "{}", report.shortfalls.join("; "));
    let mails = run.inbox.messages();
    let last = mails.iter().map(|mail| mail.summary.received_at).max().context("no mail arrived")?;
    Ok(Round {
        mails: as_number(mails.len()),
        sent: (last - due_at).as_seconds_f64(),
        recorded,
        late_p50: report.late_p50.as_secs_f64() * 1_000.0,
        late_p99: report.late_p99.as_secs_f64() * 1_000.0,
    })
}
