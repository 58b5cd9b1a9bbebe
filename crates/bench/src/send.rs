//! Reminders by SMTP: how many a worker sends in a second, as a share of what `pgbench` reaches with
//! the same statements, and how late those of small organizations are beside a big one.

mod burst;
mod captured;
mod checkins;
mod cost;
mod lateness;
mod sink;
mod template;

use anyhow::{Result, ensure};
use clap::Args;
use rubis_chaos::Database;
use rubis_kernel::{Clock as _, SystemClock};
use uuid::Uuid;

use crate::reference::{Length, Part, Script, pgbench};
use crate::report::{Bar, say};
use crate::statistics::{Lateness, as_number, median_of};
use crate::{Machine, Report};
use burst::{Burst, burst};
use captured::Captured;
use cost::Cost;
use template::{Template, make_due};

/// Share of the rate of `pgbench` with the same statements that a worker has to reach.
const SHARE_OF_PGBENCH: f64 = 0.6;

/// Number of times as late as alone the reminders of small organizations may be beside a big one.
const FAIRNESS: f64 = 2.0;

/// Connections to the mail server when it is measured alone.
const SINK_CONNECTIONS: usize = 32;

#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// Small sizes, to try the benchmark out
    #[arg(long)]
    quick: bool,
    /// Measures the mails that ask whether invoices were paid, in place of reminders
    #[arg(long)]
    checkins: bool,
    /// Invoices that are asked about together, with --checkins
    #[arg(long, default_value_t = 2_000)]
    invoices: usize,
    /// Organizations
    #[arg(long, default_value_t = 200)]
    organizations: usize,
    /// Reminders that are due together, of each organization as many as of the others
    #[arg(long, default_value_t = 20_000)]
    reminders: usize,
    /// Reminders of the big organization
    #[arg(long, default_value_t = 10_000)]
    big: usize,
    /// Reminders of each small organization beside it
    #[arg(long, default_value_t = 50)]
    small: usize,
    /// Connections to PostgreSQL, of the worker as of pgbench
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// Jobs that the worker runs at once
    #[arg(long, default_value_t = 64)]
    concurrency: u32,
    /// Rounds, of which medians are taken
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds from dating the reminders to their date, in which the worker starts
    #[arg(long, default_value_t = 20)]
    lead_seconds: u64,
}

pub async fn run(machine: &Machine, mut arguments: Arguments) -> Result<Report> {
    if arguments.quick {
        (arguments.organizations, arguments.reminders) = (20, 800);
        (arguments.big, arguments.small, arguments.invoices) = (400, 20, 200);
        arguments.rounds = arguments.rounds.min(2);
        arguments.lead_seconds = arguments.lead_seconds.min(8);
    }
    ensure!(arguments.organizations > 1 && arguments.rounds > 0, "there is nothing to measure");
    if arguments.checkins {
        return checkins::run(machine, &arguments).await;
    }
    let connections = usize::try_from(arguments.connections)?;
    ensure!((1..=arguments.reminders).contains(&connections), "there are more connections than reminders");
    let reference = "pgbench with the same statements, or the small organizations alone";
    let mut report = Report::new("Send", reference);
    let specimen = throughput(machine, &arguments, &mut report).await?;
    fairness(machine, &arguments, &mut report).await?;

    say("Measuring the mail server alone");
    let ceiling = sink::ceiling(&specimen, arguments.reminders, SINK_CONNECTIONS).await?;
    report.add("mail server alone, client included, mails/s", ceiling, None, None);
    let Arguments { organizations, reminders, connections, concurrency, rounds, .. } = arguments;
    report.note(format!(
        "{reminders} reminders of {organizations} organizations, all due at one instant; one worker with \
         {concurrency} jobs at once and {connections} connections, which logs as by default; mails over SMTP \
         to a server in the benchmark's own process ({} bytes each). Medians of {rounds} rounds on fresh \
         copies of the database; each round made sure that every reminder's mail arrived once.",
        specimen.len()
    ));
    Ok(report)
}

/// Bursts of all reminders, in turn with `pgbench`; gives a mail.
async fn throughput(machine: &Machine, arguments: &Arguments, report: &mut Report) -> Result<Vec<u8>> {
    let Arguments { organizations, reminders, .. } = *arguments;
    say(format!("Filling a database with {reminders} reminders of {organizations} organizations"));
    let sizes = spread(reminders, organizations);
    let template = Template::fill(machine, "send_even", &sizes).await?;
    say("Capturing the statements of a reminder");
    let captured = captured::captured(machine, &template).await?;
    let Captured { script, prepared_anew } = &captured;
    say(format!(
        "  {} statements in {} transactions, {prepared_anew} prepared anew each time",
        script.round_trips(),
        script.transactions()
    ));

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        let burst =
            burst(machine, arguments, &template, &template.organizations, &format!("send_{round}")).await?;
        say(format!(
            "Round {round}, worker: {:.0} reminders/s, the last after {:.2} s",
            burst.per_second, burst.seconds
        ));
        let reference = reference(machine, arguments, &template, script, &format!("pgbench_{round}")).await?;
        say(format!("Round {round}, pgbench: {:.0} reminders/s", reference.per_second));
        ours.push(burst);
        theirs.push(reference);
    }
    report_throughput(report, arguments, &captured, &ours, &theirs);
    Ok(ours.swap_remove(0).specimen)
}

/// As even as it can be.
fn spread(count: usize, among: usize) -> Vec<usize> {
    (0..among).map(|index| count / among + usize::from(index < count % among)).collect()
}

struct Reference {
    per_second: f64,
    /// The lookups of the script alone, a second.
    lookups: Option<f64>,
    each: Cost,
}

async fn reference(
    machine: &Machine,
    arguments: &Arguments,
    template: &Template,
    script: &Script,
    name: &str,
) -> Result<Reference> {
    let url = machine.servers.copy(template.name, name)?;
    make_due(&Database::new(&url)?, &template.organizations, None, SystemClock.now()).await?;
    let subjects = script.prepare(&url).await?;
    ensure!(subjects == arguments.reminders, "pgbench would find {subjects} reminders");
    let clients = arguments.connections;
    let length = Length::EachOnce(u32::try_from(subjects)? / clients);
    let lookup = match script.has_lookup() {
        true => Some(pgbench(machine, &url, script, Part::Lookup, clients, length).await?.per_second),
        false => None,
    };
    let before = Cost::read(machine, name, None).await?;
    let whole = pgbench(machine, &url, script, Part::Whole, clients, length).await?;
    let after = Cost::read(machine, name, None).await?;
    machine.servers.drop_database(name)?;
    let count = as_number(subjects / usize::try_from(clients)? * usize::try_from(clients)?);
    Ok(Reference { per_second: whole.per_second, lookups: lookup, each: after.since(before, count) })
}

fn report_throughput(
    report: &mut Report,
    arguments: &Arguments,
    Captured { script, prepared_anew }: &Captured,
    ours: &[Burst],
    theirs: &[Reference],
) {
    let bar = Some(Bar::RatioAtLeast(SHARE_OF_PGBENCH));
    let per_second = median_of(theirs, |reference| reference.per_second);
    report.add("reminders/s", median_of(ours, |burst| burst.per_second), Some(per_second), bar);
    report.add("seconds from the date to the last mail", median_of(ours, |burst| burst.seconds), None, None);
    let late =
        |figure: fn(&Lateness) -> f64| median_of(ours, |burst| figure(&burst.lateness.together(|_| true)));
    report.add("lateness p50, ms", late(|late| late.p50), None, None);
    report.add("lateness p99, ms", late(|late| late.p99), None, None);

    let mut cost = |what: &str, unit: f64, field: fn(&Cost) -> f64, is_theirs_too: bool| {
        let reference = is_theirs_too.then(|| median_of(theirs, |reference| field(&reference.each) * unit));
        report.add(what, median_of(ours, |burst| field(&burst.each) * unit), reference, None);
    };
    cost("PostgreSQL, ms of processor a reminder", 1_000.0, |cost| cost.postgres, true);
    cost("worker, ms of processor a reminder", 1_000.0, |cost| cost.worker, false);
    cost("mail server, ms of processor a reminder", 1_000.0, |cost| cost.sink, false);
    cost("Redis, ms of processor a reminder", 1_000.0, |cost| cost.redis, false);
    cost("write-ahead log, bytes a reminder", 1.0, |cost| cost.log_bytes, true);
    cost("commits a reminder", 1.0, |cost| cost.commits, true);
    let statements = as_number(script.round_trips());
    let what = "round trips a reminder, to execute and to prepare anew";
    report.add(what, statements + as_number(*prepared_anew), Some(statements), None);

    let lookups: Vec<f64> = theirs.iter().filter_map(|reference| reference.lookups).collect();
    let lookup = median_of(&lookups, |lookups| *lookups);
    report.note(format!(
        "pgbench -M prepared, {} clients: the statements of one reminder as the worker executes them, {} \
         round trips in {} transactions. The worker claims several jobs in one statement, and prepares {} \
         statements anew for each reminder, which pgbench does once. Each run of pgbench first \
         looks its reminder up, which the worker does not: {lookup:.0} such look-ups a second alone, so \
         {:.1} % of its time.",
        arguments.connections,
        script.round_trips(),
        script.transactions(),
        prepared_anew,
        if lookup > 0.0 { per_second / lookup * 100.0 } else { 0.0 },
    ));
}

/// Small organizations alone, and beside a big one.
async fn fairness(machine: &Machine, arguments: &Arguments, report: &mut Report) -> Result<()> {
    let Arguments { organizations, big, small, .. } = *arguments;
    say(format!(
        "Filling a database with {big} reminders of one organization and {small} each of the others"
    ));
    let sizes: Vec<usize> = std::iter::once(big).chain(vec![small; organizations - 1]).collect();
    let template = Template::fill(machine, "send_uneven", &sizes).await?;
    let Some((big_one, small_ones)) = template.organizations.split_first() else {
        anyhow::bail!("there is no organization");
    };
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        for (bursts, organizations, what) in
            [(&mut alone, small_ones, "alone"), (&mut beside, template.organizations.as_slice(), "beside")]
        {
            let burst =
                burst(machine, arguments, &template, organizations, &format!("{what}_{round}")).await?;
            let late = burst.lateness.together(|id| id != big_one);
            say(format!(
                "Round {round}, small ones {what}: p50 {:.0} ms, p99 {:.0} ms late; {:.0} reminders/s",
                late.p50, late.p99, burst.per_second
            ));
            bursts.push(burst);
        }
    }
    report_fairness(report, arguments, big_one, &alone, &beside);
    Ok(())
}

fn report_fairness(
    report: &mut Report,
    arguments: &Arguments,
    big: &Uuid,
    alone: &[Burst],
    beside: &[Burst],
) {
    let small = |bursts: &[Burst], figure: fn(&Lateness) -> f64| {
        median_of(bursts, |burst| figure(&burst.lateness.together(|id| id != big)))
    };
    let worst = |bursts: &[Burst]| median_of(bursts, |burst| burst.lateness.worst_p99(|id| id != big));
    let bar = Some(Bar::RatioAtMost(FAIRNESS));
    let of_big = |figure: fn(&Lateness) -> f64| {
        median_of(beside, |burst| figure(&burst.lateness.together(|id| id == big)))
    };
    report.add(
        "small organizations beside a big one, lateness p50, ms",
        small(beside, |late| late.p50),
        Some(small(alone, |late| late.p50)),
        None,
    );
    report.add(
        "small organizations beside a big one, lateness p99, ms",
        small(beside, |late| late.p99),
        Some(small(alone, |late| late.p99)),
        bar,
    );
    report.add("the worst small organization's p99, ms", worst(beside), Some(worst(alone)), bar);
    report.add("the big organization, lateness p50, ms", of_big(|late| late.p50), None, None);
    report.add("the big organization, lateness p99, ms", of_big(|late| late.p99), None, None);
    report.note(format!(
        "Fairness: one organization of {} reminders beside {} of {} each, all due at one instant, and those \
         alone on the same rows. Late is what arrives after the date, by the clock of the mail server, which \
         is this machine's.",
        arguments.big,
        arguments.organizations - 1,
        arguments.small
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_are_spread_evenly_to_the_last() {
        assert_eq!(spread(10, 4), [3, 3, 2, 2]);
        assert_eq!(spread(20_000, 200), vec![100; 200]);
    }
}
