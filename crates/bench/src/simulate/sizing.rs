//! Resources of the year: rows, memory, processors, time.

use clap::Args;

use super::burst::serve;
use super::world::World;
use super::year::Year;
use crate::Report;
use crate::statistics::{median, percentile};

/// Numbers of workers that the busiest day is tried with.
const WORKERS: [u32; 3] = [1, 10, 100];

const MEBIBYTE: f64 = 1_048_576.0;
const GIBIBYTE: f64 = 1_073_741_824.0;
const MILLION: f64 = 1_000_000.0;
const MILLISECONDS: f64 = 1_000.0;
const MINUTE: f64 = 60.0;

/// Costs of a mail, a job and a row. The benchmarks measure them: `docs/benchmarks.md`.
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
    /// Minutes within which the busiest minute of the year is to be sent
    #[arg(long, default_value_t = 15.0)]
    within: f64,
    /// Seconds ahead that jobs are offered to Redis (`QUEUE_HORIZON_SECONDS`)
    #[arg(long, default_value_t = 300)]
    horizon: u32,
    /// Bytes of Redis for an offered job
    #[arg(long, default_value_t = 300.0)]
    redis_bytes: f64,
    /// Bytes of a row of `jobs`, its part of the indexes included, as of those below
    #[arg(long, default_value_t = 500.0)]
    job_bytes: f64,
    /// Bytes of a reminder that has not left
    #[arg(long, default_value_t = 480.0)]
    reminder_bytes: f64,
    /// Bytes of the text of a reminder that has left
    #[arg(long, default_value_t = 500.0)]
    text_bytes: f64,
    /// Bytes of an invoice
    #[arg(long, default_value_t = 1_000.0)]
    invoice_bytes: f64,
    /// Bytes of an event
    #[arg(long, default_value_t = 520.0)]
    event_bytes: f64,
}

/// Mails on a business day, on average.
pub fn mails_a_business_day(world: &World, year: &Year) -> f64 {
    mean(&on_business_days(world, &year.mails.by_day()))
}

pub fn report(world: &World, year: &Year, organizations: u32, costs: &Costs) -> Report {
    let mut report = Report::new(
        format!("Simulation of {}", world.habits.year),
        "none: counts of what the product plans, times what the benchmarks measured",
    );
    add_mails(&mut report, world, year);
    add_rows(&mut report, world, year, costs);
    add_busiest_day(&mut report, world, year, costs);
    add_notes(&mut report, world, organizations, costs);
    report
}

fn add_mails(report: &mut Report, world: &World, year: &Year) {
    let (mut mails, jobs) =
        (on_business_days(world, &year.mails.by_day()), on_business_days(world, &year.jobs.by_day()));
    let business_days = count(world.business_days().count());
    let a_day = |count: u64| float(count) / business_days;
    let mut add = |what: &str, value: f64| report.add(what, value, None, None);
    add("mails a business day, mean", mean(&mails));
    add("mails a business day, p50", median(&mut mails));
    add("mails a business day, p99", percentile(&mut mails, 0.99));
    add("mails on the busiest day", percentile(&mut mails, 1.0));
    let totals = year.totals;
    add("reminders a business day", a_day(totals.reminders));
    add("formal notices a business day", a_day(totals.notices));
    add("check-in mails a business day, one for an organization and a morning", a_day(totals.digests));
    add("jobs a business day, mean", mean(&jobs));
    add("mails due in the busiest second", f64::from(year.mails.busiest_second()));
    add("mails due in the busiest minute", float(year.mails.busiest_minute()));
    add("jobs due in the busiest second", f64::from(year.jobs.busiest_second()));
}

fn add_rows(report: &mut Report, world: &World, year: &Year, costs: &Costs) {
    let offered = float(year.jobs.most_within(costs.horizon.div_ceil(60)));
    let mut waiting: Vec<f64> =
        year.rows_waiting().into_iter().map(|rows| float(u64::try_from(rows).unwrap_or_default())).collect();
    let most_waiting = percentile(&mut waiting, 1.0);
    let totals = year.totals;
    let reminders = float(totals.invoices) * count(world.habits.steps.len());
    let texts = float(totals.reminders + totals.drafts);
    // It was put in and its reminders were planned; then the check-in, each reminder, draft and notice, and
    // the payment.
    let events = float(
        2 * totals.invoices
            + totals.check_ins
            + totals.reminders
            + totals.drafts
            + totals.notices
            + totals.paid,
    );
    let growth = float(totals.invoices) * costs.invoice_bytes
        + reminders * costs.reminder_bytes
        + texts * costs.text_bytes
        + events * costs.event_bytes;
    let mut add = |what: &str, value: f64| report.add(what, value, None, None);
    add("jobs in Redis at most", offered);
    add("memory of Redis for those, MiB", offered * costs.redis_bytes / MEBIBYTE);
    add("job rows that wait, mean, million", mean(&waiting) / MILLION);
    add("job rows that wait, at most, million", most_waiting / MILLION);
    add("table of jobs, GiB", most_waiting * costs.job_bytes / GIBIBYTE);
    add("invoices a year, million", float(totals.invoices) / MILLION);
    add("reminder rows a year, million", reminders / MILLION);
    add("event rows a year, million", events / MILLION);
    add("growth of those tables a year, GiB", growth / GIBIBYTE);
}

/// Adds the day with the most jobs, with few workers and with many.
fn add_busiest_day(report: &mut Report, world: &World, year: &Year, costs: &Costs) {
    let (jobs, mails) = (year.jobs.by_day(), year.mails.by_day());
    let busiest = busiest_of(&jobs);
    let on = |days: &[u64]| days.get(busiest).copied().map_or(0.0, float);
    let jobs_a_mail = on(&jobs) / on(&mails).max(1.0);
    let date = |day: usize| world.date(world.lead + u32::try_from(day).unwrap_or_default());
    let arrivals = year.jobs.seconds_of(busiest);
    report.note(format!(
        "Most mails leave on {}. Most jobs run on {}, a {}: {:.0}, with {:.0} mails. The figures for workers \
         are of that day.",
        date(busiest_of(&mails)),
        date(busiest),
        date(busiest).weekday(),
        on(&jobs),
        on(&mails)
    ));

    let mut bottlenecks = Vec::new();
    for workers in WORKERS {
        let limit = costs.limit(f64::from(workers), jobs_a_mail);
        let day = serve(&arrivals, limit.jobs_a_second);
        let name = if workers == 1 { "1 worker".to_owned() } else { format!("{workers} workers") };
        let mut add = |what: &str, value: f64| report.add(format!("{name}: {what}"), value, None, None);
        add("jobs a second", limit.jobs_a_second);
        add("busiest burst done within, min", day.drained / MINUTE);
        add("jobs of that day late, p50, min", day.late_p50 / MINUTE);
        add("jobs of that day late, p99, min", day.late_p99 / MINUTE);
        bottlenecks.push(format!("{name} by {}", limit.by));
    }
    report.note(format!("What limits: {}.", bottlenecks.join(", ")));

    let burst = float(year.jobs.busiest_minute());
    let a_second = burst / (costs.within * MINUTE);
    let mut add = |what: String, value: f64| report.add(what, value, None, None);
    let goal = format!("to send the busiest minute within {} min", costs.within);
    add(format!("jobs a second {goal}"), a_second);
    add(format!("PostgreSQL cores {goal}"), a_second * costs.postgres_ms / MILLISECONDS);
    add(format!("workers {goal}"), (a_second / costs.limit_of_worker(jobs_a_mail)).ceil());
    let busy = mean(&on_business_days(world, &jobs)) * costs.postgres_ms / MILLISECONDS;
    add("PostgreSQL core hours a business day".to_owned(), busy / 3_600.0);
}

fn add_notes(report: &mut Report, world: &World, organizations: u32, costs: &Costs) {
    let habits = &world.habits;
    report.note(format!(
        "{organizations} organizations, {} business days. Reminders at days {:?}, the last a formal notice \
         (of which {} are approved); {} of invoices are paid before they are due, then {:?} of those still \
         open before each reminder; {} are put in late.",
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
    report.note(format!(
        "A job costs {} ms of PostgreSQL ({} cores) and {} ms of a worker ({} cores, {} jobs at once); the \
         provider takes a mail in {} ms{}. Bytes: {} in Redis, job {}, reminder {} and its text {}, \
         invoice {}, event {}.",
        costs.postgres_ms,
        costs.postgres_cores,
        costs.worker_ms,
        costs.worker_cores,
        costs.concurrency,
        costs.smtp_ms,
        costs.provider_rate.map_or_else(String::new, |rate| format!(", {rate} a second at most")),
        costs.redis_bytes,
        costs.job_bytes,
        costs.reminder_bytes,
        costs.text_bytes,
        costs.invoice_bytes,
        costs.event_bytes,
    ));
}

/// Rate of jobs, and its bottleneck.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Limit {
    jobs_a_second: f64,
    by: &'static str,
}

impl Costs {
    /// With so many workers.
    fn limit(&self, workers: f64, jobs_a_mail: f64) -> Limit {
        let [processors, places] = self.limits_of_worker(jobs_a_mail);
        let limits = [
            (workers * processors, "the workers' processors"),
            (workers * places, "the mails that workers have on their way"),
            (self.postgres_cores * MILLISECONDS / self.postgres_ms, "PostgreSQL"),
            (self.provider_rate.map_or(f64::INFINITY, |rate| rate * jobs_a_mail), "the provider"),
        ];
        limits.into_iter().min_by(|(a, _), (b, _)| a.total_cmp(b)).map_or(
            Limit { jobs_a_second: 0.0, by: "nothing" },
            |(jobs_a_second, by)| Limit { jobs_a_second, by },
        )
    }

    /// Jobs a second of one worker, by its processors and by how many mails it can wait for.
    fn limits_of_worker(&self, jobs_a_mail: f64) -> [f64; 2] {
        let processors = self.worker_cores * MILLISECONDS / self.worker_ms;
        [processors, self.concurrency * MILLISECONDS / self.smtp_ms * jobs_a_mail]
    }

    fn limit_of_worker(&self, jobs_a_mail: f64) -> f64 {
        let [processors, places] = self.limits_of_worker(jobs_a_mail);
        processors.min(places)
    }
}

/// The day with most of it.
fn busiest_of(days: &[u64]) -> usize {
    days.iter().enumerate().max_by_key(|(_, count)| **count).map_or(0, |(day, _)| day)
}

/// The days of the year on which people work.
fn on_business_days(world: &World, days: &[u64]) -> Vec<f64> {
    world
        .business_days()
        .filter_map(|day| days.get(usize::try_from(day - world.lead).ok()?))
        .map(|count| float(*count))
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len()).max(1.0)
}

fn count(length: usize) -> f64 {
    float(u64::try_from(length).unwrap_or(u64::MAX))
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        costs: Costs,
    }

    fn costs(options: &str) -> Costs {
        let words = ["simulate"].into_iter().chain(options.split_whitespace());
        CommandLine::try_parse_from(words).unwrap().costs
    }

    #[test]
    fn the_slowest_part_limits_the_others() {
        let costs = costs("--worker-ms 1 --postgres-ms 2 --postgres-cores 10 --smtp-ms 100 --concurrency 50");
        let limit = |workers| costs.limit(workers, 1.0);
        assert_eq!(
            limit(1.0),
            Limit { jobs_a_second: 500.0, by: "the mails that workers have on their way" }
        );
        assert_eq!(limit(100.0), Limit { jobs_a_second: 5_000.0, by: "PostgreSQL" });
        // Two jobs a mail: the worker's processor is what one worker lacks then.
        assert_eq!(costs.limit(1.0, 2.5).by, "the workers' processors");
        let limited = Costs { provider_rate: Some(100.0), ..costs.clone() };
        assert_eq!(limited.limit(100.0, 2.0), Limit { jobs_a_second: 200.0, by: "the provider" });
    }

    #[test]
    fn means_are_of_what_there_is() {
        assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
        assert_eq!(mean(&[]), 0.0);
    }
}
