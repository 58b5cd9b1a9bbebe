//! Figures of the queue and their bars.

use rubis_queue::{BATCH, CLAIMS_AT_ONCE};

use super::scripts::CYCLES;
use super::{Arguments, Once, Round, TRICKLE_EVERY, TRICKLE_LEAD};
use crate::Report;
use crate::report::Bar;
use crate::statistics::median_of;

const REDIS_SIDE: Bar = Bar::RatioAtLeast(5.0);
const WHOLE_PATH: Bar = Bar::RatioAtLeast(2.0);
const MEMORY: Bar = Bar::AtMost(300.0);
const MEMORY_BEYOND: Bar = Bar::AtMost(0.0);
const LATENESS: Bar = Bar::AtMost(10.0);
const SCRIPT: Bar = Bar::AtMost(3.0);
const RECOVERY: Bar = Bar::AtMost(15.0);

/// A figure of every round, and that of BullMQ in the same round.
type Row = (&'static str, fn(&Round) -> f64, fn(&Round) -> f64, Option<Bar>);

const ROWS: [Row; 10] = [
    ("Redis side (offered, claimed, acknowledged), jobs/s", |ours| ours.redis.whole, done, Some(REDIS_SIDE)),
    ("offered, jobs/s (reference: added)", |ours| ours.redis.offered, added, None),
    ("claimed and acknowledged, jobs/s", |ours| ours.redis.claimed, done, None),
    ("whole path (rows offered, claimed, deleted), jobs/s", |ours| ours.path.done, done, Some(WHOLE_PATH)),
    ("rows enqueued, jobs/s (reference: added)", |ours| ours.path.enqueued, added, None),
    ("Redis side, µs of Redis' CPU a job", |ours| ours.redis.cpu, |theirs| theirs.bullmq.cpu, None),
    ("whole path, µs of Redis' CPU a job", |ours| ours.path.cpu, |theirs| theirs.bullmq.cpu, None),
    ("Redis memory, B an offered job", |ours| ours.redis.memory, memory, Some(MEMORY)),
    ("trickle, lateness p50, ms", |ours| ours.trickle.p50, |theirs| theirs.bullmq_trickle.p50, None),
    (
        "trickle, lateness p99, ms",
        |ours| ours.trickle.p99,
        |theirs| theirs.bullmq_trickle.p99,
        Some(LATENESS),
    ),
];

fn done(round: &Round) -> f64 {
    round.bullmq.done
}

fn added(round: &Round) -> f64 {
    round.bullmq.added
}

fn memory(round: &Round) -> f64 {
    round.bullmq.memory
}

pub fn report(sizes: &Arguments, rounds: &[Round], once: &Once, bullmq: &str, redis: &str) -> Report {
    let mut report = Report::new("Queue", format!("BullMQ {bullmq} on the same Redis {redis}"));
    for (name, ours, theirs, bar) in ROWS {
        report.add(name, median_of(rounds, ours), Some(median_of(rounds, theirs)), bar);
    }
    let bytes = Some(median_of(rounds, memory));
    report.add("Redis memory, B a job beyond the window", once.beyond, bytes, Some(MEMORY_BEYOND));
    let longest = once.scripts.iter().map(|(_, milliseconds)| *milliseconds).fold(0.0, f64::max);
    report.add("longest script, the most it can be asked for, ms", longest, None, Some(SCRIPT));
    if let Some((ours, theirs)) = once.recovery {
        report.add("a vanished worker's jobs run again, s", ours, Some(theirs), Some(RECOVERY));
    }
    report.note(format!(
        "Medians of {} rounds, both sides in turn in each: {} jobs of {} organizations that are all due, {} \
         at once, a handler that does nothing; the reference keeps no job that is done. Claims are those of a \
         worker with such jobs, {BATCH} jobs each and {CLAIMS_AT_ONCE} at once. The time of the whole path \
         begins with the worker, on rows that were committed before, and ends when the table is empty.",
        sizes.rounds, sizes.jobs, sizes.organizations, sizes.concurrency
    ));
    report.note(format!(
        "Trickle: {} jobs, one every {TRICKLE_EVERY:?}, each due {TRICKLE_LEAD:?} after it was enqueued.",
        sizes.trickle_jobs()
    ));
    let calls: Vec<_> = once.scripts.iter().map(|(name, time)| format!("{name} {time:.2}")).collect();
    report.note(format!(
        "Scripts with the most they can be asked for, {BATCH} jobs, beside as many waiting jobs as a burst \
         has: ms by the clock of Redis, the median of {CYCLES} calls: {}.",
        calls.join(", ")
    ));
    report
}

#[cfg(test)]
mod tests {
    use super::super::redis_side::RedisSide;
    use super::super::reference::BullMqBurst;
    use super::super::tests::arguments;
    use super::super::whole_path::WholePath;
    use super::*;
    use crate::statistics::Lateness;

    fn once(beyond: f64, longest: f64, recovery: Option<(f64, f64)>) -> Once {
        Once { beyond, scripts: vec![("an offer", 0.5), ("a claim", longest)], recovery }
    }

    fn round(speed: f64) -> Round {
        let lateness = Lateness { p50: 2.0, p99: 9.0, most: 30.0 };
        Round {
            bullmq: BullMqBurst { added: 12_000.0, done: 10_000.0, memory: 900.0, cpu: 20.0 },
            bullmq_trickle: Lateness { p99: 68.0, ..lateness },
            redis: RedisSide { offered: speed, claimed: speed, whole: speed, memory: 200.0, cpu: 20.0 },
            path: WholePath { enqueued: speed, done: speed, cpu: 20.0 },
            trickle: lateness,
        }
    }

    fn figure(report: &Report, name: &str) -> (f64, Option<f64>, Option<bool>) {
        let figure = report.figures.iter().find(|figure| figure.what.starts_with(name)).unwrap();
        (figure.ours, figure.reference, figure.is_good())
    }

    #[test]
    fn speeds_are_medians() {
        let rounds = [round(60_000.0), round(10_000.0), round(50_000.0)];
        let report = report(&arguments(), &rounds, &once(0.0, 0.7, None), "6.7.0", "7.0.15");
        assert_eq!(figure(&report, "Redis side (offered"), (50_000.0, Some(10_000.0), Some(true)));
        assert_eq!(figure(&report, "longest script"), (0.7, None, Some(true)));
        assert_eq!(figure(&report, "Redis side, µs"), (20.0, Some(20.0), None));
        assert!(report.is_good());
    }

    #[test]
    fn what_falls_short_is_reported() {
        let once = once(0.1, 3.1, Some((16.0, 70.0)));
        let report = report(&arguments(), &[round(49_000.0)], &once, "6.7.0", "7.0.15");
        let short = report.figures.iter().filter(|figure| figure.is_good() == Some(false));
        let names: Vec<_> = short.map(|figure| figure.what.split(',').next().unwrap()).collect();
        let expected =
            ["Redis side (offered", "Redis memory", "longest script", "a vanished worker's jobs run again"];
        assert_eq!(names, expected);
    }
}
