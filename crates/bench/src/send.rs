//! Reminders by SMTP: the rate of a worker beside that of `pgbench`, and the lateness beside a big organization.

mod burst;
mod captured;
mod checkins;
mod cost;
mod template;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use rubis_chaos::Database;
use rubis_kernel::{Clock as _, SystemClock};
use uuid::Uuid;

use crate::reference::{Length, Script, pgbench};
use crate::report::{Bar, say};
use crate::statistics::median_of;
use crate::{Machine, Report};
use burst::{Burst, burst};
use cost::{COSTS, Cost};
use template::{Template, make_due};

/// Share of the rate of `pgbench` with the same statements that a worker has to reach.
const SHARE_OF_PGBENCH: f64 = 0.6;

/// Number of times as late as alone the reminders of small organizations may be beside a big one.
const FAIRNESS: f64 = 2.0;

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
    throughput(machine, &arguments, &mut report).await?;
    fairness(machine, &arguments, &mut report).await?;
    let Arguments { organizations, reminders, connections, concurrency, rounds, .. } = arguments;
    report.note(format!(
        "{reminders} reminders of {organizations} organizations, all due at one instant; one worker with \
         {concurrency} jobs at once and {connections} connections, which logs as by default; mails over SMTP \
         to a server in the benchmark's own process. Medians of {rounds} rounds on fresh copies of the \
         database; each round made sure that every reminder's mail arrived once.",
    ));
    Ok(report)
}

async fn throughput(machine: &Machine, arguments: &Arguments, report: &mut Report) -> Result<()> {
    let Arguments { organizations, reminders, .. } = *arguments;
    say(format!("Filling a database with {reminders} reminders of {organizations} organizations"));
    let template = Template::fill(machine, "send_even", &spread(reminders, organizations)).await?;
    say("Capturing the statements of a reminder");
    let script = captured::captured(machine, &template).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        let name = format!("send_{round}");
        let burst = burst(machine, arguments, &template, &template.organizations, &name).await?;
        let reference =
            reference(machine, arguments, &template, &script, &format!("pgbench_{round}")).await?;
        say(format!(
            "Round {round}: {:.0} reminders/s, pgbench {:.0}",
            burst.per_second, reference.per_second
        ));
        ours.push(burst);
        theirs.push(reference);
    }
    let bar = Some(Bar::RatioAtLeast(SHARE_OF_PGBENCH));
    let per_second = median_of(&theirs, |reference| reference.per_second);
    report.add("reminders/s", median_of(&ours, |burst| burst.per_second), Some(per_second), bar);
    for (index, (name, unit, is_theirs_too)) in COSTS.into_iter().enumerate() {
        let cost = |each: &Cost| each.get(index).copied().unwrap_or_default() * unit;
        let reference = is_theirs_too.then(|| median_of(&theirs, |reference| cost(&reference.each)));
        report.add(name, median_of(&ours, |burst| cost(&burst.each)), reference, None);
    }
    report.note(format!(
        "pgbench -M prepared, {} clients: the statements of one reminder as the worker executes them, {} \
         round trips. The worker claims several jobs in one statement. Each run of pgbench first looks its \
         reminder up, which the worker does not.",
        arguments.connections,
        script.round_trips(),
    ));
    Ok(())
}

/// As even as it can be.
fn spread(count: usize, among: usize) -> Vec<usize> {
    (0..among).map(|index| count / among + usize::from(index < count % among)).collect()
}

struct Reference {
    per_second: f64,
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
    let runs = u32::try_from(subjects)? / clients;
    let before = cost::read(machine, name, None).await?;
    let whole = pgbench(machine, &url, script, clients, Length::EachOnce(runs))?;
    let after = cost::read(machine, name, None).await?;
    machine.servers.drop_database(name)?;
    let each = cost::each(after, before, f64::from(runs * clients));
    Ok(Reference { per_second: whole.per_second, each })
}

async fn fairness(machine: &Machine, arguments: &Arguments, report: &mut Report) -> Result<()> {
    let Arguments { organizations, big, small, .. } = *arguments;
    say(format!("Filling a database with {big} reminders of one organization, {small} each of the others"));
    let sizes: Vec<usize> = std::iter::once(big).chain(vec![small; organizations - 1]).collect();
    let template = Template::fill(machine, "send_uneven", &sizes).await?;
    let (big_one, small_ones) = template.organizations.split_first().context("there is no organization")?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        for (bursts, organizations, what) in
            [(&mut alone, small_ones, "alone"), (&mut beside, template.organizations.as_slice(), "beside")]
        {
            let name = format!("{what}_{round}");
            let burst = burst(machine, arguments, &template, organizations, &name).await?;
            let late = burst.late(|id| id != big_one);
            say(format!(
                "Round {round}, small ones {what}: p50 {:.0} ms, p99 {:.0} ms late",
                late.p50, late.p99
            ));
            bursts.push(burst);
        }
    }
    let is_small = |id: &Uuid| id != big_one;
    let mut add = |name: &str, figure: &dyn Fn(&Burst) -> f64, bar| {
        report.add(name, median_of(&beside, figure), Some(median_of(&alone, figure)), bar);
    };
    let bar = Some(Bar::RatioAtMost(FAIRNESS));
    let beside_big = "small organizations beside a big one, lateness";
    add(&format!("{beside_big} p50, ms"), &|burst| burst.late(is_small).p50, None);
    add(&format!("{beside_big} p99, ms"), &|burst| burst.late(is_small).p99, bar);
    add("the worst small organization's p99, ms", &|burst| burst.worst_p99(is_small), bar);
    report.note(format!(
        "Fairness: one organization of {big} reminders beside {} of {small} each, all due at one instant, and \
         those alone on the same rows. Late is what arrives after the date, by the clock of the mail server, \
         which is this machine's.",
        organizations - 1,
    ));
    Ok(())
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
