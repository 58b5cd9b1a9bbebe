//! The feeder's reads and the claim among more and more planned jobs, and a worker's memory there.
//!
//! As many jobs are due in each table, and all others are spread over a year, so that whatever takes
//! longer in the larger table takes longer because of jobs that have nothing to do with it.

mod calendar;
mod fill;
mod memory;

use anyhow::{Result, ensure};
use clap::Args;
use rubis_kernel::{Clock as _, SystemClock};

use self::calendar::{Calendar, READS, Timings, medians};
use crate::report::{Bar, say};
use crate::{Machine, Report};

/// However many jobs there are, nothing takes longer than this many times what it takes among the fewest.
const FLAT: Bar = Bar::RatioAtMost(2.0);

/// The most memory of a worker, in MiB.
const MEMORY: Bar = Bar::AtMost(64.0);

#[derive(Args)]
pub struct Arguments {
    /// Planned jobs, the fewest first: they are the reference
    #[arg(long, value_delimiter = ',', default_values_t = [100_000, 1_000_000, 10_000_000])]
    sizes: Vec<u32>,
    /// Jobs that are due
    #[arg(long, default_value_t = 1_000)]
    due: u32,
    /// Rounds, each of which takes every table in turn
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Seconds that the memory of a worker is watched for; it reads its whole window every 30 s
    #[arg(long, default_value_t = 100)]
    watch: u64,
    /// Small tables, to see that it works
    #[arg(long)]
    quick: bool,
}

pub async fn run(machine: &Machine, mut settings: Arguments) -> Result<Report> {
    if settings.quick {
        settings.sizes = vec![10_000, 30_000, 100_000];
        (settings.due, settings.rounds, settings.watch) = (200, 2, 20);
    }
    ensure!(settings.sizes.is_sorted() && settings.sizes.len() > 1, "two sizes or more, the smallest first");
    ensure!(settings.due >= calendar::CLAIM, "at least {} jobs are due", calendar::CLAIM);
    ensure!(settings.sizes.iter().all(|size| *size >= settings.due * 2), "more jobs are due than planned");
    let now = SystemClock.now();
    let mut calendars = Vec::new();
    for size in &settings.sizes {
        calendars.push(Calendar::open(machine, *size, settings.due, now).await?);
    }

    let mut rounds: Vec<Vec<Timings>> = settings.sizes.iter().map(|_| Vec::new()).collect();
    for round in 0..=settings.rounds {
        for (calendar, timings) in calendars.iter().zip(&mut rounds) {
            let timing = calendar.round().await?;
            let (jobs, [sweep, slices, claim]) = (thousands(calendar.jobs), timing);
            say(format_args!(
                "{jobs} jobs, round {round}: sweep {sweep:.2} ms, slices {slices:.2} ms, claim {claim:.2} ms"
            ));
            // The first fills the caches of servers and connections.
            if round > 0 {
                timings.push(timing);
            }
        }
    }

    let fewest = settings.sizes.first().copied().unwrap_or_default();
    let mut report = Report::new("Feed", format!("the same among {} planned jobs", thousands(fewest)));
    let by_size: Vec<(u32, Timings)> =
        settings.sizes.iter().copied().zip(rounds.iter().map(|rounds| medians(rounds))).collect();
    add_timings(&mut report, &by_size);

    if let Some(largest) = calendars.pop() {
        memory::measure(machine, &largest, settings.due, settings.watch, &mut report).await?;
    }
    report.note(format!(
        "{} jobs due in each table, the others spread over a year, up to 100,000 organizations; medians of \
         {} rounds, each table in turn. A claim is of {} jobs.",
        thousands(settings.due),
        settings.rounds,
        calendar::CLAIM,
    ));
    Ok(report)
}

/// All larger tables beside the smallest one.
fn add_timings(report: &mut Report, medians: &[(u32, Timings)]) {
    let Some(((_, reference), larger)) = medians.split_first() else { return };
    for (size, timings) in larger {
        let size = thousands(*size);
        for (what, (ours, reference)) in READS.iter().zip(timings.iter().zip(reference)) {
            report.add(format!("{what} among {size}, ms"), *ours, Some(*reference), Some(FLAT));
        }
    }
}

/// `10,000,000`.
fn thousands(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_with_commas() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(100_000), "100,000");
        assert_eq!(thousands(10_000_000), "10,000,000");
    }

    #[test]
    fn a_sweep_that_grows_with_the_table_falls_short() {
        let timings = |sweep| [sweep, 1.0, 1.0];
        let report = |largest| {
            let mut report = Report::default();
            add_timings(&mut report, &[(10, timings(1.0)), (100, timings(1.0)), (1_000, timings(largest))]);
            report
        };
        assert!(report(1.9).is_good());
        assert!(!report(2.1).is_good());
        assert_eq!(report(1.9).figures.len(), 6);
    }
}
