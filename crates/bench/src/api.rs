//! The HTTP API over few and over many invoices, beside `pgbench` with the same statements.
//!
//! The real `rubis-api` serves two databases, whose rows are those that the product would have written. It is
//! asked on a few connections that are kept open, by many organizations in turn, since each of them may ask
//! twenty times a second; one more organization has half of all invoices to itself.

mod creation;
mod fill;
pub mod http;
mod load;
mod operation;
mod replay;
mod site;
mod trial;

use std::io::{self, Write as _};

use anyhow::{Result, ensure};
use clap::Args;

use self::{
    fill::Size,
    operation::Operation,
    replay::Captured,
    site::Site,
    trial::{Intensity, Trial},
};
use crate::{Machine, Report, report::Bar, statistics::median};

/// A page of a hundred times as many invoices may take this many times as long.
const FLAT: f64 = 1.5;

/// What the benchmark of the API takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Invoices in each database, the smallest first
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 1_000_000])]
    invoices: Vec<u32>,
    /// Organizations that share one half of the invoices
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    organizations: u32,
    /// Connections that are used at the same time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// How many seconds each side is measured in a round
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// How often each side is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Few invoices and short rounds, to see whether it works
    #[arg(long)]
    quick: bool,
}

impl Arguments {
    /// The least that shows something, if that was asked for.
    fn settled(&self) -> Self {
        if self.quick {
            Self {
                invoices: vec![1000, 10_000],
                organizations: 10,
                connections: 8,
                seconds: 2,
                rounds: 1,
                quick: true,
            }
        } else {
            Self { invoices: self.invoices.clone(), ..*self }
        }
    }
}

/// A database, and what is known of it.
struct Place {
    site: Site,
    captured: Vec<Captured>,
}

/// Measures every operation on every database.
///
/// # Errors
/// When a server does not start, or a request fails.
pub async fn run(machine: &Machine, arguments: &Arguments) -> Result<Report> {
    let arguments = arguments.settled();
    let mut places = Vec::new();
    for &invoices in &arguments.invoices {
        let size = Size { invoices, small_organizations: arguments.organizations };
        // Two to an organization are the least that has a page behind the first half of its list.
        ensure!(size.of_a_small_one() >= 2, "{invoices} invoices are too few for so many organizations");
        let mut site = Site::open(machine, size).await?;
        let captured = replay::capture(machine, &mut site).await?;
        places.push(Place { site, captured });
    }
    let mut report = Report {
        title: "API".to_owned(),
        reference: "pgbench with the same statements, prepared, on as many connections".to_owned(),
        ..Report::default()
    };
    conditions(&mut report, &arguments);
    for (index, operation) in Operation::ALL.into_iter().enumerate() {
        let mut trials = vec![Trial::default(); places.len()];
        let intensity = Intensity { connections: arguments.connections, seconds: arguments.seconds };
        for round in 1..=arguments.rounds {
            for (place, trial) in places.iter().zip(&mut trials) {
                let Some(captured) = place.captured.get(index) else { continue };
                trial.round(machine, &place.site, captured, intensity, round).await?;
                progress(operation, round, &place.site, trial)?;
            }
        }
        for (place, trial) in places.iter().zip(&trials) {
            let Some(captured) = place.captured.get(index) else { continue };
            tell(&mut report, place, captured, trial);
        }
        compare(&mut report, operation, &places, &trials);
    }
    Ok(report)
}

fn conditions(report: &mut Report, arguments: &Arguments) {
    let Arguments { organizations, connections, seconds, rounds, .. } = arguments;
    report.note(format!(
        "{connections} connections, each of which asks again as soon as it is answered. The API and pgbench \
         in turn, for {seconds} s each, rounds: {rounds}; medians. Client, API, PostgreSQL and Redis share \
         the processors. POST comes last, and leaves its invoices."
    ));
    report.note(format!(
        "Half of the invoices belong to {organizations} organizations that ask in turn, the other half to \
         one more, whose pages are measured apart. All settings of the API that count are the defaults: its \
         log goes to a file, and it counts the limits of rates in Redis."
    ));
    report.note(
        "There is no operation for a dashboard yet. The nearest are the balances of a client (its statement) \
         and the feed.",
    );
    report.note(
        "The statements were read from the log of PostgreSQL while the API answered. pgbench prepares each \
         of them once for a connection, where the API prepares some at every request. pgbench looks up what \
         differs from one run to the next, in one statement that the API does not need.",
    );
}

fn progress(operation: Operation, round: u32, site: &Site, trial: &Trial) -> Result<()> {
    let last = |values: &[f64]| values.last().copied().unwrap_or_default();
    let reference = trial.reference.last().map(|reference| reference.per_second).unwrap_or_default();
    writeln!(
        io::stdout(),
        "{}, {}, round {round}: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms; pgbench {reference:.0}/s",
        operation.name(),
        site.size.label(),
        last(&trial.rates),
        last(&trial.p50),
        last(&trial.p99),
    )?;
    Ok(())
}

/// The figures of an operation on one database.
fn tell(report: &mut Report, place: &Place, captured: &Captured, trial: &Trial) {
    let name = format!("{}, {}", captured.operation().name(), place.site.size.label());
    let rate = trial.reference(|reference| reference.per_second);
    report.add(format!("{name}: requests/s"), middle(&trial.rates), Some(rate), None);
    let p99 = trial.reference(|reference| reference.p99_ms);
    report.add(format!("{name}: p99, ms"), middle(&trial.p99), Some(p99), None);
    let lookup = match trial.lookup_ms {
        None => String::new(),
        Some(alone) => format!(
            "; the lookup alone takes {alone:.2} ms of the {:.2} ms of a run",
            trial.reference(|reference| reference.mean_ms)
        ),
    };
    let large = match (middle(&trial.p50_large), middle(&trial.p99_large)) {
        (0.0, _) => String::new(),
        (p50, p99) => format!(", of the large organization {p50:.2} and {p99:.2} ms"),
    };
    report.note(format!(
        "{name}: {} statements, prepared at every request: {}; p50 and p99 {:.2} and {:.2} ms{large}; processor time of a request: API \
         {:.2}, PostgreSQL {:.2}, client {:.2} ms; of a run of pgbench: PostgreSQL {:.2} ms{lookup}.",
        captured.round_trips(),
        captured.prepared_anew(),
        middle(&trial.p50),
        middle(&trial.p99),
        middle(&trial.api),
        middle(&trial.postgres),
        middle(&trial.client),
        middle(&trial.reference_postgres),
    ));
}

/// How a page of many invoices compares with one of few.
fn compare(report: &mut Report, operation: Operation, places: &[Place], trials: &[Trial]) {
    let (Some((few, of_few)), Some((many, of_many))) =
        (places.iter().zip(trials).next(), places.iter().zip(trials).next_back())
    else {
        return;
    };
    if !operation.is_page() || few.site.size.invoices == many.site.size.invoices {
        return;
    }
    let name = format!("{}, {} beside {}", operation.name(), many.site.size.label(), few.site.size.label());
    let bar = Some(Bar::RatioAtMost(FLAT));
    report.add(format!("{name}: p50, ms"), middle(&of_many.p50), Some(middle(&of_few.p50)), bar);
    report.add(
        format!("{name}, the large organization: p50, ms"),
        middle(&of_many.p50_large),
        Some(middle(&of_few.p50_large)),
        bar,
    );
}

/// The middle round's value.
fn middle(rounds: &[f64]) -> f64 {
    median(&mut rounds.to_vec())
}
