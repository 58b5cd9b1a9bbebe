//! From what was measured to figures and their bars.

use rubis_queue::{BATCH, CLAIMS_AT_ONCE};

use super::probe::Toll;
use super::scripts::{CYCLES, Scripts};
use super::{Arguments, Once, Round, TRICKLE_LEAD};
use crate::Report;
use crate::report::Bar;
use crate::statistics::median_of;

/// The bars that the product has set itself.
const REDIS_SIDE: Bar = Bar::RatioAtLeast(5.0);
const WHOLE_PATH: Bar = Bar::RatioAtLeast(2.0);
const MEMORY: Bar = Bar::AtMost(300.0);
const MEMORY_BEYOND: Bar = Bar::AtMost(0.0);
const LATENESS: Bar = Bar::AtMost(10.0);
const SCRIPT: Bar = Bar::AtMost(3.0);
const RECOVERY: Bar = Bar::AtMost(15.0);

struct Rounds<'a>(&'a [Round]);

impl Rounds<'_> {
    /// The round in the middle.
    fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median_of(self.0, of)
    }

    /// Adds the medians of figures.
    fn add(&self, report: &mut Report, rows: &[Row]) {
        for (what, ours, theirs, bar) in rows {
            report.add(*what, self.median(ours), Some(self.median(theirs)), *bar);
        }
    }

    /// The longest time that Redis had no core, in seconds, if the system reports it.
    fn waited(&self, of: impl Fn(&Round) -> &Toll) -> Option<f64> {
        self.0.iter().filter_map(|round| of(round).waited).reduce(f64::max)
    }

    /// All rounds together.
    fn longest<const N: usize>(&self, of: impl Fn(&Round) -> [&Toll; N]) -> Toll {
        let mut all = Toll::default();
        for toll in self.0.iter().flat_map(of) {
            all.absorb_longest(toll);
        }
        all
    }
}

/// The tolls of all that the product's scripts did.
fn ours(round: &Round) -> [&Toll; 5] {
    [&round.offers.toll, &round.wide.toll, &round.unrecorded.toll, &round.recorded.toll, &round.trickle.1]
}

fn bullmqs(round: &Round) -> [&Toll; 2] {
    [&round.bullmq.toll, &round.bullmq_trickle.1]
}

/// A figure of every round, and that of BullMQ in the same round.
type Row = (&'static str, fn(&Round) -> f64, fn(&Round) -> f64, Option<Bar>);

const ROWS: [Row; 12] = [
    ("Redis side (offered, claimed, acknowledged), jobs/s", |ours| ours.offers.whole, done, Some(REDIS_SIDE)),
    ("offered, jobs/s (reference: added)", |ours| ours.offers.offered, added, None),
    ("claimed and acknowledged, jobs/s", |ours| ours.offers.claimed, done, None),
    (
        "whole path (rows offered, claimed, deleted), jobs/s",
        |ours| ours.unrecorded.done,
        done,
        Some(WHOLE_PATH),
    ),
    ("the same, each job recorded in a transaction, jobs/s", |ours| ours.recorded.done, done, None),
    ("rows enqueued, jobs/s (reference: added)", |ours| ours.unrecorded.enqueued, added, None),
    ("Redis side, µs of Redis' CPU a job", |ours| cpu(ours, &ours.offers.toll), bullmq_cpu, None),
    ("whole path, µs of Redis' CPU a job", |ours| cpu(ours, &ours.unrecorded.toll), bullmq_cpu, None),
    ("Redis side, scripts for 1000 jobs", |ours| calls(ours, &ours.offers.toll), bullmq_calls, None),
    ("whole path, scripts for 1000 jobs", |ours| calls(ours, &ours.unrecorded.toll), bullmq_calls, None),
    ("Redis memory, B an offered job", |ours| ours.offers.memory, memory, Some(MEMORY)),
    ("the same, each of an organization with ten", |ours| ours.wide.memory, memory, None),
];

const TRICKLE: [Row; 2] = [
    ("trickle, lateness p50, ms", |ours| ours.trickle.0.p50, |theirs| theirs.bullmq_trickle.0.p50, None),
    (
        "trickle, lateness p99, ms",
        |ours| ours.trickle.0.p99,
        |theirs| theirs.bullmq_trickle.0.p99,
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

fn bullmq_cpu(round: &Round) -> f64 {
    cpu(round, &round.bullmq.toll)
}

fn bullmq_calls(round: &Round) -> f64 {
    calls(round, &round.bullmq.toll)
}

/// Microseconds a job.
fn cpu(round: &Round, toll: &Toll) -> f64 {
    toll.cpu * 1e6 / round.jobs
}

/// Calls for 1000 jobs.
fn calls(round: &Round, toll: &Toll) -> f64 {
    toll.calls * 1_000.0 / round.jobs
}

/// The figures of a run.
pub fn report(sizes: &Arguments, rounds: &[Round], once: &Once, bullmq: &str, redis: &str) -> Report {
    let all = Rounds(rounds);
    let mut report = Report {
        title: "Queue".to_owned(),
        reference: format!("BullMQ {bullmq} on the same Redis {redis}"),
        ..Report::default()
    };
    all.add(&mut report, &ROWS);
    let bytes = Some(all.median(memory));
    report.add("Redis memory, B a job beyond the window", once.beyond, bytes, Some(MEMORY_BEYOND));
    all.add(&mut report, &TRICKLE);
    let longest = once.scripts.longest();
    report.add("longest script, the most it can be asked for, ms", longest, None, Some(SCRIPT));
    let (ours, theirs) = (all.longest(ours).longest_script(), all.longest(bullmqs).longest_script());
    report.add("longest call of all rounds, stops in the middle included, ms", ours, Some(theirs), None);
    if let Some((ours, theirs)) = once.recovery {
        report.add("a vanished worker's jobs run again, s", ours, Some(theirs), Some(RECOVERY));
    }
    notes(&mut report, sizes);
    script_notes(&mut report, &all, &once.scripts);
    report
}

fn notes(report: &mut Report, sizes: &Arguments) {
    report.note(format!(
        "Medians of {} rounds, both sides in turn in each: {} jobs of {} organizations that are all due, {} \
         at once, a handler that does nothing; the reference keeps no job that is done. Claims are those of a \
         worker with such jobs, {BATCH} jobs each and {CLAIMS_AT_ONCE} at once. The time of the whole path \
         begins with the worker, on rows that were committed before, and ends when the table is empty.",
        sizes.rounds, sizes.jobs, sizes.organizations, sizes.concurrency
    ));
    report.note(format!(
        "Trickle: {} jobs/s for {} s, each due {} s after it was enqueued.",
        sizes.trickle,
        sizes.trickle_seconds,
        TRICKLE_LEAD.as_secs()
    ));
}

/// The figure of the longest script is that of the script; that of all rounds is the machine's.
fn script_notes(report: &mut Report, all: &Rounds<'_>, scripts: &Scripts) {
    let calls: Vec<_> =
        scripts.calls.iter().map(|(what, milliseconds)| format!("{what} {milliseconds:.2}")).collect();
    report.note(format!(
        "Scripts with the most they can be asked for, {BATCH} jobs, beside as many jobs that wait as a burst \
         has: ms by the clock of Redis, the call in the middle of {CYCLES}: {}.",
        calls.join(", ")
    ));
    let scripts: Vec<_> = all
        .longest(ours)
        .longest
        .iter()
        .map(|(name, milliseconds)| format!("{name} {milliseconds:.2}"))
        .collect();
    let parts: Vec<_> = [
        ("Redis side", all.longest(|round| [&round.offers.toll])),
        ("claims of 100 with limits", all.longest(|round| [&round.wide.toll])),
        ("whole path", all.longest(|round| [&round.unrecorded.toll, &round.recorded.toll])),
        ("trickle", all.longest(|round| [&round.trickle.1])),
    ]
    .iter()
    .map(|(what, toll)| format!("{what} {:.2}", toll.longest_script()))
    .collect();
    report.note(format!(
        "Longest calls of the rounds, stops in the middle included: {}; {}; in the round in the middle {:.2}.",
        scripts.join(", "),
        parts.join(", "),
        all.median(|round| Rounds(std::slice::from_ref(round)).longest(ours).longest_script())
    ));
    let waits: Option<Vec<_>> = [
        ("BullMQ's burst", all.waited(|round| &round.bullmq.toll)),
        ("that of the Redis side", all.waited(|round| &round.offers.toll)),
        ("that of the whole path", all.waited(|round| &round.unrecorded.toll)),
    ]
    .iter()
    .map(|(what, seconds)| Some(format!("{:.2} in {what}", (*seconds)?)))
    .collect();
    if let Some(waits) = waits {
        report.note(format!("Redis waited for a core, s in the worst round: {}.", waits.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::statistics::Lateness;

    use super::super::durable::DurableBurst;
    use super::super::offers::OffersBurst;
    use super::super::reference::BullMqBurst;
    use super::*;

    fn sizes() -> Arguments {
        Arguments {
            jobs: 1_000,
            organizations: 10,
            concurrency: 50,
            rounds: 3,
            trickle: 100,
            trickle_seconds: 5,
            quick: false,
            recovery: false,
        }
    }

    fn toll(longest: f64) -> Toll {
        Toll {
            cpu: 0.02,
            calls: 100.0,
            waited: None,
            longest: BTreeMap::from([("claim".to_owned(), longest)]),
        }
    }

    fn once(beyond: f64, longest: f64, recovery: Option<(f64, f64)>) -> Once {
        let calls = vec![("an offer", 0.5), ("a claim", longest)];
        Once { beyond, scripts: Scripts { calls }, recovery }
    }

    fn round(speed: f64, longest: f64) -> Round {
        let lateness = Lateness { p50: 2.0, p99: 9.0, most: 30.0 };
        let offers =
            OffersBurst { offered: speed, claimed: speed, whole: speed, memory: 200.0, toll: toll(longest) };
        let durable = DurableBurst { enqueued: speed, done: speed, toll: toll(0.2) };
        Round {
            jobs: 1_000.0,
            bullmq: BullMqBurst { added: 12_000.0, done: 10_000.0, memory: 900.0, toll: toll(15.0) },
            bullmq_trickle: (Lateness { p99: 68.0, ..lateness }, toll(1.0)),
            wide: offers.clone(),
            offers,
            unrecorded: durable.clone(),
            recorded: durable,
            trickle: (lateness, toll(0.3)),
        }
    }

    fn figure(report: &Report, what: &str) -> (f64, Option<f64>, Option<bool>) {
        let figure = report.figures.iter().find(|figure| figure.what.starts_with(what)).unwrap();
        (figure.ours, figure.reference, figure.is_good())
    }

    #[test]
    fn speeds_are_medians_and_the_longest_call_is_that_of_all_rounds() {
        let rounds = [round(60_000.0, 0.5), round(10_000.0, 2.5), round(50_000.0, 0.4)];
        let report = report(&sizes(), &rounds, &once(0.0, 0.7, None), "6.7.0", "7.0.15");
        assert_eq!(figure(&report, "Redis side (offered"), (50_000.0, Some(10_000.0), Some(true)));
        assert_eq!(figure(&report, "longest script"), (0.7, None, Some(true)));
        assert_eq!(figure(&report, "longest call"), (2.5, Some(15.0), None));
        assert_eq!(figure(&report, "Redis side, µs"), (20.0, Some(20.0), None));
        assert!(report.is_good());
    }

    #[test]
    fn what_falls_short_is_said() {
        let rounds = [round(49_000.0, 0.2)];
        let report = report(&sizes(), &rounds, &once(0.1, 3.1, Some((16.0, 70.0))), "6.7.0", "7.0.15");
        let short: Vec<_> = report
            .figures
            .iter()
            .filter(|figure| figure.is_good() == Some(false))
            .map(|figure| figure.what.split(',').next().unwrap())
            .collect();
        let expected =
            ["Redis side (offered", "Redis memory", "longest script", "a vanished worker's jobs run again"];
        assert_eq!(short, expected);
    }
}
