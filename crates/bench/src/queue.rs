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

/// How much is measured.
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

/// What is measured.
#[derive(Clone, Debug)]
struct Plan {
    jobs: u32,
    organizations: u32,
    concurrency: u32,
    rounds: u32,
    trickle_rate: u32,
    trickle_seconds: u32,
    trickle_lead: Duration,
}

impl Plan {
    fn trickle_jobs(&self) -> u32 {
        self.trickle_rate * self.trickle_seconds
    }

    fn trickle_every(&self) -> Duration {
        Duration::from_secs(1) / self.trickle_rate
    }
}

impl Arguments {
    fn plan(&self) -> Result<Plan> {
        let few = |usual: u32, most: u32| if self.quick { usual.min(most) } else { usual };
        let plan = Plan {
            jobs: few(self.jobs, 5_000),
            organizations: few(self.organizations, 50),
            concurrency: self.concurrency,
            rounds: few(self.rounds, 1),
            trickle_rate: self.trickle,
            trickle_seconds: few(self.trickle_seconds, 5),
            trickle_lead: Duration::from_secs(2),
        };
        let sizes = [plan.jobs, plan.organizations, plan.concurrency, plan.rounds, plan.trickle_jobs()];
        ensure!(!sizes.contains(&0), "nothing is to be measured");
        Ok(plan)
    }
}

/// What one round came to.
#[derive(Clone, Debug)]
struct Round {
    bullmq: BullMqBurst,
    bullmq_trickle: (Lateness, Toll),
    offers: OffersBurst,
    wide: OffersBurst,
    unrecorded: DurableBurst,
    recorded: DurableBurst,
    trickle: (Lateness, Toll),
}

/// What is measured once.
#[derive(Clone, Debug)]
struct Once {
    beyond: f64,
    scripts: Scripts,
    recovery: Option<(f64, f64)>,
}

/// Measures the queue.
pub async fn run(machine: &Machine, arguments: &Arguments) -> Result<Report> {
    let plan = arguments.plan()?;
    let bullmq = BullMq::install(machine)?;
    let environment = Environment::open(machine, &plan).await?;
    let mut probe = Probe::open(&environment.redis).await?;
    let mut rounds = Vec::new();
    for number in 1..=plan.rounds {
        say(format_args!("round {number} of {}", plan.rounds));
        rounds.push(round(&environment, &bullmq, &plan, &mut probe).await?);
    }
    say("memory of jobs beyond the window");
    let beyond = window::beyond(&environment, &plan, &mut probe).await?;
    say("the longest scripts");
    let scripts = scripts::scripts(&environment, &plan, &mut probe).await?;
    let recovery = if arguments.recovery {
        say("recovery of a killed worker's jobs: ours, then BullMQ's");
        let ours = recovery::recovery(&environment, &plan, &mut probe).await?;
        Some((ours, bullmq.recovery(&plan, &mut probe).await?))
    } else {
        None
    };
    let redis = probe.version().await?;
    Ok(figures::report(&plan, &rounds, &Once { beyond, scripts, recovery }, &bullmq.version, &redis))
}

async fn round(
    environment: &Environment,
    reference: &BullMq,
    plan: &Plan,
    probe: &mut Probe,
) -> Result<Round> {
    let bullmq = reference.burst(plan, probe).await?;
    say(format_args!(
        "  BullMQ: {:.0} jobs/s added, {:.0} done, {:.0} B each",
        bullmq.added, bullmq.done, bullmq.memory
    ));
    let offers = offers::burst(environment, &Shape::usual(plan), probe).await?;
    say(format_args!(
        "  Redis side: {:.0} jobs/s offered, {:.0} claimed, {:.0} in all, {:.0} B each",
        offers.offered, offers.claimed, offers.whole, offers.memory
    ));
    let wide = offers::burst(environment, &Shape::wide(plan), probe).await?;
    say(format_args!("  Redis side, wide: {:.0} jobs/s in all", wide.whole));
    let unrecorded = durable::burst(environment, plan, Course::Unrecorded, probe).await?;
    say(format_args!(
        "  whole path: {:.0} jobs/s enqueued, {:.0} done",
        unrecorded.enqueued, unrecorded.done
    ));
    let recorded = durable::burst(environment, plan, Course::Recorded, probe).await?;
    say(format_args!("  whole path, each recorded by itself: {:.0} jobs/s done", recorded.done));
    let bullmq_trickle = reference.trickle(plan, probe).await?;
    say(format_args!("  trickle, BullMQ: {}", bullmq_trickle.0));
    let trickle = trickle::trickle(environment, plan, probe).await?;
    say(format_args!("  trickle: {}", trickle.0));
    Ok(Round { bullmq, bullmq_trickle, offers, wide, unrecorded, recorded, trickle })
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
        let plan = arguments().plan().unwrap();
        assert_eq!((plan.trickle_jobs(), plan.trickle_every()), (2_000, Duration::from_millis(10)));
    }

    #[test]
    fn a_quick_run_is_no_larger_than_what_was_asked_for() {
        let plan = Arguments { quick: true, jobs: 100, ..arguments() }.plan().unwrap();
        assert_eq!((plan.jobs, plan.rounds, plan.trickle_jobs()), (100, 1, 500));
    }

    #[test]
    fn nothing_is_no_size() {
        assert!(Arguments { rounds: 0, ..arguments() }.plan().is_err());
        assert!(Arguments { trickle: 0, ..arguments() }.plan().is_err());
    }
}
