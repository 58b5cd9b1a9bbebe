//! The HTTP API over few and over many invoices, beside `pgbench` with the same statements.

mod creation;
mod environment;
mod fill;
pub mod http;
pub mod load;
mod operation;
mod replay;
mod rounds;

use anyhow::{Result, ensure};
use clap::Args;

use self::environment::Environment;
use self::fill::Size;
use self::operation::Operation;
use self::replay::Captured;
use self::rounds::{Load, Round};
use crate::report::{Bar, say};
use crate::statistics::median_of;
use crate::{Machine, Report};

/// A page of a hundred times as many invoices may take this many times as long.
const FLAT: f64 = 1.5;

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
    /// Number of seconds each side is measured in a round
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Number of times each side is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Only operations whose name contains this, such as `POST`
    #[arg(long, default_value = "")]
    only: String,
    /// Few invoices and short rounds, to see whether it works
    #[arg(long)]
    quick: bool,
}

/// A database, and the statements that were captured there.
struct Place {
    environment: Environment,
    captured: Vec<Captured>,
}

pub async fn run(machine: &Machine, mut arguments: Arguments) -> Result<Report> {
    if arguments.quick {
        arguments.invoices = vec![1000, 10_000];
        (arguments.organizations, arguments.seconds, arguments.rounds) = (10, 2, 1);
    }
    let mut places = Vec::new();
    for &invoices in &arguments.invoices {
        let size = Size { invoices, small_organizations: arguments.organizations };
        // Two to an organization are the least that has a page behind the first half of its list.
        ensure!(size.of_a_small_one() >= 2, "{invoices} invoices are too few for so many organizations");
        let mut environment = Environment::open(machine, size).await?;
        let captured = replay::capture(machine, &mut environment).await?;
        places.push(Place { environment, captured });
    }
    let reference = "pgbench with the same statements, prepared, on as many connections";
    let mut report = Report::new("API", reference);
    conditions(&mut report, &arguments);
    let Arguments { connections, seconds, rounds, .. } = arguments;
    for (index, operation) in Operation::ALL.into_iter().enumerate() {
        if !operation.name().contains(&arguments.only) {
            continue;
        }
        let mut all = vec![Vec::new(); places.len()];
        for round in 1..=rounds {
            for (place, rounds) in places.iter().zip(&mut all) {
                let Some(captured) = place.captured.get(index) else { continue };
                let load = Load { machine, environment: &place.environment, captured, connections, seconds };
                let measured = load.measure(round).await?;
                say(format_args!(
                    "{}, {}, round {round}: {:.0}/s, p99 {:.2} ms; pgbench {:.0}/s",
                    operation.name(),
                    place.environment.size.label(),
                    measured.rate,
                    measured.latency.p99,
                    measured.reference.per_second,
                ));
                rounds.push(measured);
            }
        }
        for (place, rounds) in places.iter().zip(&all) {
            let Some(captured) = place.captured.get(index) else { continue };
            add(&mut report, place, captured, rounds);
        }
        compare(&mut report, operation, &places, &all);
    }
    Ok(report)
}

fn conditions(report: &mut Report, arguments: &Arguments) {
    let Arguments { organizations, connections, seconds, rounds, .. } = arguments;
    report.note(format!(
        "{connections} connections, each of which sends its next request after the response. The API and \
         pgbench in turn, for {seconds} s each, rounds: {rounds}; medians. Client, API, PostgreSQL and Redis \
         share the processors. POST comes last, and leaves its invoices."
    ));
    report.note(format!(
        "Half of the invoices belong to {organizations} organizations in turn, the other half to one more, \
         whose pages are measured apart. All settings of the API that count are the defaults: its log goes to \
         a file, and it counts the limits of rates in Redis."
    ));
    report.note(
        "The statements were read from the log of PostgreSQL while the API responded. pgbench prepares each \
         of them once for a connection, where the API prepares some at every request, and looks up what \
         differs from one run to the next, in one statement that the API does not need.",
    );
}

fn add(report: &mut Report, place: &Place, captured: &Captured, rounds: &[Round]) {
    let name = format!("{}, {}", captured.operation().name(), place.environment.size.label());
    let rate = Some(median_of(rounds, |round| round.reference.per_second));
    report.add(format!("{name}: requests/s"), median_of(rounds, |round| round.rate), rate, None);
    let p99 = Some(median_of(rounds, |round| round.reference.p99_ms));
    report.add(format!("{name}: p99, ms"), median_of(rounds, |round| round.latency.p99), p99, None);
    report.note(format!(
        "{name}: {} statements; p50 {:.2} ms; processor time of a request: API {:.2}, PostgreSQL {:.2} ms.",
        captured.round_trips(),
        median_of(rounds, |round| round.latency.p50),
        median_of(rounds, |round| round.cpu[0]),
        median_of(rounds, |round| round.cpu[1]),
    ));
}

fn compare(report: &mut Report, operation: Operation, places: &[Place], all: &[Vec<Round>]) {
    let (Some((few, of_few)), Some((many, of_many))) =
        (places.iter().zip(all).next(), places.iter().zip(all).next_back())
    else {
        return;
    };
    if !operation.is_page() || few.environment.size.invoices == many.environment.size.invoices {
        return;
    }
    let name = format!(
        "{}, {} beside {}",
        operation.name(),
        many.environment.size.label(),
        few.environment.size.label()
    );
    let bar = Some(Bar::RatioAtMost(FLAT));
    let p50 = |rounds: &[Round]| median_of(rounds, |round| round.latency.p50);
    report.add(format!("{name}: p50, ms"), p50(of_many), Some(p50(of_few)), bar);
    let large = |rounds: &[Round]| median_of(rounds, |round| round.large);
    let what = format!("{name}, the large organization: p50, ms");
    report.add(what, large(of_many), Some(large(of_few)), bar);
}
