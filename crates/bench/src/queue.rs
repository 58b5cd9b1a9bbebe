//! The job queue beside BullMQ, on the same Redis and in the same run.
//!
//! Each round measures BullMQ, then the product's queue: the Redis side alone, the whole path from the
//! row that is inserted to the row that is deleted, and a steady trickle. What does not change from
//! round to round (memory beyond the window, recovery) is measured once.

mod durable;
mod environment;
mod figures;
mod handler;
mod offers;
mod probe;
mod recovery;
mod reference;
mod scripts;
mod trickle;
mod window;

pub use probe::cpu_seconds;

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;

use self::durable::DurableBurst;
use self::environment::Environment;
use self::handler::Course;
use self::offers::{OffersBurst, Shape};
use self::probe::{Probe, Toll};
use self::reference::{BullMq, BullMqBurst};
use self::scripts::Scripts;
use crate::report::say;
use crate::statistics::Lateness;
use crate::{Machine, Report};

/// The longest that a part of a round may take.
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Jobs of a burst
    #[arg(long, default_value_t = 100_000)]
    jobs: u32,
    /// Organizations that they belong to
    #[arg(long, default_value_t = 200)]
    organizations: u32,
    /// Jobs at once
    #[arg(long, default_value_t = 50)]
    concurrency: u32,
    /// Measurements of each side, in turn
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Jobs a second in the trickle
    #[arg(long, default_value_t = 100)]
    trickle: u32,
    /// Seconds that it goes on
    #[arg(long, default_value_t = 20)]
    trickle_seconds: u32,
    /// One round of little, to see that it works
    #[arg(long)]
    quick: bool,
    /// Also how soon the jobs of a worker that was killed run elsewhere: takes two minutes
    #[arg(long)]
    recovery: bool,
}

/// Time from enqueuing a job of the trickle to its date.
const TRICKLE_LEAD: Duration = Duration::from_secs(2);

impl Arguments {
    fn trickle_jobs(&self) -> u32 {
        self.trickle * self.trickle_seconds
    }

    fn trickle_every(&self) -> Duration {
        Duration::from_secs(1) / self.trickle
    }

    /// With small sizes if it has to be quick.
    fn settled(mut self) -> Result<Self> {
        if self.quick {
            self.jobs = self.jobs.min(5_000);
            self.organizations = self.organizations.min(50);
            self.rounds = self.rounds.min(1);
            self.trickle_seconds = self.trickle_seconds.min(5);
        }
        let sizes = [self.jobs, self.organizations, self.concurrency, self.rounds, self.trickle_jobs()];
        ensure!(!sizes.contains(&0), "nothing is to be measured");
        Ok(self)
    }
}

#[derive(Clone, Debug)]
struct Round {
    /// Jobs of a burst.
    jobs: f64,
    bullmq: BullMqBurst,
    bullmq_trickle: (Lateness, Toll),
    offers: OffersBurst,
    wide: OffersBurst,
    unrecorded: DurableBurst,
    recorded: DurableBurst,
    trickle: (Lateness, Toll),
}

#[derive(Clone, Debug)]
struct Once {
    beyond: f64,
    scripts: Scripts,
    recovery: Option<(f64, f64)>,
}

/// Measures the queue.
pub async fn run(machine: &Machine, arguments: Arguments) -> Result<Report> {
    let sizes = arguments.settled()?;
    let bullmq = BullMq::install(machine)?;
    let environment = Environment::open(machine, &sizes).await?;
    let mut probe = Probe::open(&environment.redis).await?;
    let mut rounds = Vec::new();
    for number in 1..=sizes.rounds {
        say(format_args!("round {number} of {}", sizes.rounds));
        rounds.push(round(&environment, &bullmq, &sizes, &mut probe).await?);
    }
    say("memory of jobs beyond the window");
    let beyond = window::beyond(&environment, &sizes, &mut probe).await?;
    say("the longest scripts");
    let scripts = scripts::scripts(&environment, &sizes, &mut probe).await?;
    let recovery = if sizes.recovery {
        say("recovery of a killed worker's jobs: ours, then BullMQ's");
        let ours = recovery::recovery(&environment, &sizes, &mut probe).await?;
        Some((ours, bullmq.recovery(&sizes, &mut probe).await?))
    } else {
        None
    };
    let redis = probe.version().await?;
    Ok(figures::report(&sizes, &rounds, &Once { beyond, scripts, recovery }, &bullmq.version, &redis))
}

async fn round(
    environment: &Environment,
    reference: &BullMq,
    sizes: &Arguments,
    probe: &mut Probe,
) -> Result<Round> {
    let bullmq = reference.burst(sizes, probe).await?;
    say(format_args!(
        "  BullMQ: {:.0} jobs/s added, {:.0} done, {:.0} B each",
        bullmq.added, bullmq.done, bullmq.memory
    ));
    let offers = offers::burst(environment, &Shape::usual(sizes), probe).await?;
    say(format_args!(
        "  Redis side: {:.0} jobs/s offered, {:.0} claimed, {:.0} in all, {:.0} B each",
        offers.offered, offers.claimed, offers.whole, offers.memory
    ));
    let wide = offers::burst(environment, &Shape::wide(sizes), probe).await?;
    say(format_args!("  Redis side, wide: {:.0} jobs/s in all", wide.whole));
    let unrecorded = durable::burst(environment, sizes, Course::Unrecorded, probe).await?;
    say(format_args!(
        "  whole path: {:.0} jobs/s enqueued, {:.0} done",
        unrecorded.enqueued, unrecorded.done
    ));
    let recorded = durable::burst(environment, sizes, Course::Recorded, probe).await?;
    say(format_args!("  whole path, each recorded by itself: {:.0} jobs/s done", recorded.done));
    let bullmq_trickle = reference.trickle(sizes, probe).await?;
    say(format_args!("  trickle, BullMQ: {}", bullmq_trickle.0));
    let trickle = trickle::trickle(environment, sizes, probe).await?;
    say(format_args!("  trickle: {}", trickle.0));
    let jobs = f64::from(sizes.jobs);
    Ok(Round { jobs, bullmq, bullmq_trickle, offers, wide, unrecorded, recorded, trickle })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments() -> Arguments {
        Arguments {
            jobs: 100_000,
            organizations: 200,
            concurrency: 50,
            rounds: 3,
            trickle: 100,
            trickle_seconds: 20,
            quick: false,
            recovery: false,
        }
    }

    #[test]
    fn a_trickle_is_spread_evenly_over_its_time() {
        let sizes = arguments().settled().unwrap();
        assert_eq!((sizes.trickle_jobs(), sizes.trickle_every()), (2_000, Duration::from_millis(10)));
    }

    #[test]
    fn a_quick_run_is_no_larger_than_what_was_asked_for() {
        let sizes = Arguments { quick: true, jobs: 100, ..arguments() }.settled().unwrap();
        assert_eq!((sizes.jobs, sizes.rounds, sizes.trickle_jobs()), (100, 1, 500));
    }

    #[test]
    fn nothing_is_no_size() {
        assert!(Arguments { rounds: 0, ..arguments() }.settled().is_err());
        assert!(Arguments { trickle: 0, ..arguments() }.settled().is_err());
    }
}
