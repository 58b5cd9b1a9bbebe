//! Resources of the year: rows, memory, processors, time.

use clap::Args;

use super::world::World;
use super::year::Year;
use crate::Report;
use crate::statistics::{as_number, median};

/// Numbers of workers that the busiest day is tried with.
const WORKERS: [u32; 3] = [1, 10, 100];

const MEBIBYTE: f64 = 1_048_576.0;
const GIBIBYTE: f64 = 1_073_741_824.0;
const MILLION: f64 = 1_000_000.0;
const MILLISECONDS: f64 = 1_000.0;
const MINUTE: f64 = 60.0;

/// Minutes within which the busiest minute of the year is to be sent.
const WITHIN: f64 = 15.0;

/// Minutes ahead that jobs are scheduled in Redis (`QUEUE_HORIZON_SECONDS`).
const HORIZON: usize = 5;

/// Bytes of a job in Redis, and of rows with their part of the indexes: a job, a waiting reminder, the text of a sent
/// one, an invoice, an event (`docs/benchmarks.md`).
const REDIS_BYTES: f64 = 300.0;
const JOB_BYTES: f64 = 500.0;
const REMINDER_BYTES: f64 = 480.0;
const TEXT_BYTES: f64 = 500.0;
const INVOICE_BYTES: f64 = 1_000.0;
const EVENT_BYTES: f64 = 520.0;

/// Costs of a mail and a job. The benchmarks measure them: `docs/benchmarks.md`.
#[derive(Clone, Debug, Args)]
pub struct Costs {
    /// Milliseconds of a processor that PostgreSQL takes for a job, from the claim to the record
    #[arg(long, default_value_t = 2.0)]
    postgres_ms: f64,
    /// Milliseconds of a processor that a worker takes for a job
    #[arg(long, default_value_t = 1.0)]
    worker_ms: f64,
    /// Milliseconds that the provider takes to accept a mail
    #[arg(long, default_value_t = 100.0)]
    smtp_ms: f64,
    /// Mails a second that the provider accepts; no limit without it
    #[arg(long)]
    provider_rate: Option<f64>,
    /// Processors of PostgreSQL
    #[arg(long, default_value_t = 16.0)]
    postgres_cores: f64,
    /// Processors of each worker
    #[arg(long, default_value_t = 1.0)]
    worker_cores: f64,
    /// Jobs that a worker runs at once
    #[arg(long, default_value_t = 50.0)]
    concurrency: f64,
}

pub fn mails_a_business_day(world: &World, year: &Year) -> f64 {
    mean(&on_business_days(world, &year.mails.by_day()))
}

pub fn report(world: &World, year: &Year, organizations: u32, costs: &Costs) -> Report {
    let mut report = Report::new(
        format!("Simulation of {}", world.habits.year),
        "none: counts of what the product plans, times what the benchmarks measured",
    );
    add_counts(&mut report, world, year);
    add_busiest_day(&mut report, world, year, costs);
    add_notes(&mut report, world, organizations, costs);
    report
}

fn add_counts(report: &mut Report, world: &World, year: &Year) {
    let mut add = |what: &str, value: f64| report.add(what, value, None, None);
    let mut mails = on_business_days(world, &year.mails.by_day());
    add("mails a business day, mean", mean(&mails));
    add("mails a business day, p50", median(&mut mails));
    add("mails on the busiest day", mails.last().copied().unwrap_or_default());
    add("jobs a business day, mean", mean(&on_business_days(world, &year.jobs.by_day())));
    add("mails due in the busiest second", year.mails.busiest_second());
    add("jobs due in the busiest second", year.jobs.busiest_second());
    let memory = year.jobs.most_within(HORIZON) * REDIS_BYTES;
    add("memory of Redis for jobs at most, MiB", memory / MEBIBYTE);
    let waiting = year.rows_waiting().into_iter().fold(0.0, f64::max);
    add("job rows that wait, at most, million", waiting / MILLION);
    add("table of jobs, GiB", waiting * JOB_BYTES / GIBIBYTE);
    let totals = year.totals;
    // Creation, planning, check-in, reminders, drafts, notices and payment of an invoice are an event each.
    let texts = totals.reminders + totals.drafts;
    let events = 2.0 * totals.invoices + totals.check_ins + texts + totals.notices + totals.paid;
    let invoice_bytes = INVOICE_BYTES + (world.jobs() - 1.0) * REMINDER_BYTES;
    let growth = totals.invoices * invoice_bytes + texts * TEXT_BYTES + events * EVENT_BYTES;
    add("growth of invoices, reminders and events a year, GiB", growth / GIBIBYTE);
}

/// Adds the day with the most jobs, with few workers and with many.
fn add_busiest_day(report: &mut Report, world: &World, year: &Year, costs: &Costs) {
    let (jobs, mails) = (year.jobs.by_day(), year.mails.by_day());
    let busiest = busiest(&jobs);
    let on = |days: &[f64]| days.get(busiest).copied().unwrap_or_default();
    let jobs_a_mail = on(&jobs) / on(&mails).max(1.0);
    let date = world.date(world.lead + u32::try_from(busiest).unwrap_or_default());
    report.note(format!(
        "Most jobs run on {date}, a {}: {:.0}, with {:.0} mails. The figures for workers are of that day.",
        date.weekday(),
        on(&jobs),
        on(&mails)
    ));

    let arrivals = year.jobs.seconds_of(busiest);
    let mut bottlenecks = Vec::new();
    for workers in WORKERS {
        let limit = costs.limit(f64::from(workers), jobs_a_mail);
        let name = if workers == 1 { "1 worker".to_owned() } else { format!("{workers} workers") };
        report.add(format!("{name}: jobs a second"), limit.jobs_a_second, None, None);
        let drained = drained(&arrivals, limit.jobs_a_second) / MINUTE;
        report.add(format!("{name}: busiest burst done within, min"), drained, None, None);
        bottlenecks.push(format!("{name} by {}", limit.by));
    }
    report.note(format!("What limits: {}.", bottlenecks.join(", ")));

    let a_second = year.jobs.busiest_minute() / (WITHIN * MINUTE);
    let mut add = |what: &str, value: f64| {
        report.add(format!("{what} to send the busiest minute within {WITHIN} min"), value, None, None);
    };
    add("jobs a second", a_second);
    add("PostgreSQL cores", a_second * costs.postgres_ms / MILLISECONDS);
    let [processors, slots] = costs.limits_of_worker(jobs_a_mail);
    add("workers", (a_second / processors.min(slots)).ceil());
    let busy = mean(&on_business_days(world, &jobs)) * costs.postgres_ms / MILLISECONDS;
    report.add("PostgreSQL core hours a business day", busy / 3_600.0, None, None);
}

fn add_notes(report: &mut Report, world: &World, organizations: u32, costs: &Costs) {
    let habits = &world.habits;
    report.note(format!(
        "{organizations} organizations, {} business days. Reminders at days {:?}, the last a formal notice \
         (of which {} are approved); {} of invoices are paid before they are due, then {:?} of those still \
         open before each reminder; {} are created late.",
        world.business_days().count(),
        habits.steps,
        habits.approved,
        habits.paid_early,
        habits.paid,
        habits.late,
    ));
    report.note(
        "Each invoice has a job for its check-in, and one mail asks about all of an organization and a \
         morning. Invoices are issued on business days, three times as many on the last three of a month, \
         and fewer in August.",
    );
    report.note(format!("{costs:?}"));
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Limit {
    jobs_a_second: f64,
    by: &'static str,
}

impl Costs {
    /// With so many workers.
    fn limit(&self, workers: f64, jobs_a_mail: f64) -> Limit {
        let [processors, slots] = self.limits_of_worker(jobs_a_mail);
        let limits = [
            (workers * processors, "the workers' processors"),
            (workers * slots, "the mails that workers have on their way"),
            (self.postgres_cores * MILLISECONDS / self.postgres_ms, "PostgreSQL"),
            (self.provider_rate.map_or(f64::INFINITY, |rate| rate * jobs_a_mail), "the provider"),
        ];
        let least = limits.into_iter().min_by(|(a, _), (b, _)| a.total_cmp(b));
        let (jobs_a_second, by) = least.unwrap_or_default();
        Limit { jobs_a_second, by }
    }

    /// Jobs a second of one worker, by its processors and by how many mails it can wait for.
    fn limits_of_worker(&self, jobs_a_mail: f64) -> [f64; 2] {
        let processors = self.worker_cores * MILLISECONDS / self.worker_ms;
        [processors, self.concurrency * MILLISECONDS / self.smtp_ms * jobs_a_mail]
    }
}

/// Seconds from the busiest second of a day until nothing waits any more, if so many jobs are served in a second.
fn drained(arrivals: &[f64], capacity: f64) -> f64 {
    let busiest = busiest(arrivals);
    let mut backlog = 0.0_f64;
    for (second, count) in arrivals.iter().enumerate() {
        let waiting = backlog + count;
        backlog = (waiting - capacity).max(0.0);
        if second >= busiest && backlog == 0.0 {
            return as_number(second - busiest) + waiting / capacity;
        }
    }
    as_number(arrivals.len().saturating_sub(busiest)) + backlog / capacity
}

fn on_business_days(world: &World, days: &[f64]) -> Vec<f64> {
    world
        .business_days()
        .filter_map(|day| days.get(usize::try_from(day - world.lead).ok()?).copied())
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / as_number(values.len()).max(1.0)
}

fn busiest(counts: &[f64]) -> usize {
    counts.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSTS: Costs = Costs {
        postgres_ms: 2.0,
        worker_ms: 1.0,
        smtp_ms: 100.0,
        provider_rate: None,
        postgres_cores: 10.0,
        worker_cores: 1.0,
        concurrency: 50.0,
    };

    #[test]
    fn the_slowest_part_limits_the_others() {
        let limit = |workers| COSTS.limit(workers, 1.0);
        let by = "the mails that workers have on their way";
        assert_eq!(limit(1.0), Limit { jobs_a_second: 500.0, by });
        assert_eq!(limit(100.0), Limit { jobs_a_second: 5_000.0, by: "PostgreSQL" });
        // Two jobs a mail: the worker's processor is what one worker lacks then.
        assert_eq!(COSTS.limit(1.0, 2.5).by, "the workers' processors");
        let limited = Costs { provider_rate: Some(100.0), ..COSTS };
        assert_eq!(limited.limit(100.0, 2.0), Limit { jobs_a_second: 200.0, by: "the provider" });
    }

    #[test]
    fn means_are_of_what_there_is() {
        assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
        assert_eq!(mean(&[]), 0.0);
    }

    #[test]
    fn a_burst_is_drained_at_the_rate_of_its_servers() {
        let mut arrivals = vec![0.0; 1_000];
        arrivals[100] = 1_000.0;
        assert!((drained(&arrivals, 10.0) - 100.0).abs() < 0.01);
    }

    #[test]
    fn what_comes_meanwhile_waits_behind_it() {
        let mut arrivals = vec![5.0; 1_000];
        arrivals[0] = 1_000.0;
        // Each second serves ten and brings five.
        assert!((drained(&arrivals, 10.0) - 198.0).abs() < 2.0);
    }

    #[test]
    fn what_is_served_within_its_second_is_drained_at_once_and_the_rest_of_a_day_after_midnight() {
        assert!(drained(&[1.0, 5.0, 1.0], 10.0) <= 1.0);
        assert!((drained(&[0.0, 100.0], 10.0) - 10.0).abs() < 0.01);
    }
}
