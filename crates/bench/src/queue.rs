//! The job queue beside BullMQ, on the same Redis and in the same run.
//!
//! Each round measures BullMQ, then the product's queue: the Redis side alone, the whole path from the inserted row to
//! the deleted one, and a steady trickle. Memory beyond the window, scripts and recovery are measured once.

mod environment;
mod figures;
mod probe;
mod redis_side;
mod reference;
mod scripts;
mod whole_path;

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;

use self::environment::Environment;
pub use self::probe::Probe;
use self::redis_side::RedisSide;
use self::reference::{BullMq, BullMqBurst};
use self::whole_path::WholePath;
use crate::report::say;
use crate::statistics::Lateness;
use crate::{Machine, Report};

/// The longest that a part of a round may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Time between two jobs of the trickle, time from enqueuing one to its date, and their number.
const TRICKLE_EVERY: Duration = Duration::from_millis(10);
const TRICKLE_LEAD: Duration = Duration::from_secs(2);
const TRICKLE_JOBS: u32 = 2_000;
const QUICK_TRICKLE_JOBS: u32 = 500;

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
    /// One round of little, to see that it works
    #[arg(long)]
    quick: bool,
    /// Also how soon the jobs of a worker that was killed run elsewhere: takes two minutes
    #[arg(long)]
    recovery: bool,
}

impl Arguments {
    const fn trickle_jobs(&self) -> u32 {
        if self.quick { QUICK_TRICKLE_JOBS } else { TRICKLE_JOBS }
    }

    fn settled(mut self) -> Result<Self> {
        if self.quick {
            self.jobs = self.jobs.min(5_000);
            self.organizations = self.organizations.min(50);
            self.rounds = self.rounds.min(1);
        }
        let sizes = [self.jobs, self.organizations, self.concurrency, self.rounds];
        ensure!(!sizes.contains(&0), "nothing is to be measured");
        Ok(self)
    }
}

#[derive(Clone, Debug)]
struct Round {
    bullmq: BullMqBurst,
    bullmq_trickle: Lateness,
    redis: RedisSide,
    path: WholePath,
    trickle: Lateness,
}

struct Once {
    beyond: f64,
    scripts: scripts::Calls,
    recovery: Option<(f64, f64)>,
}

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
    let beyond = whole_path::beyond_window(&environment, &sizes, &mut probe).await?;
    say("the longest scripts");
    let scripts = scripts::scripts(&environment, &sizes, &mut probe).await?;
    let mut recovery = None;
    if sizes.recovery {
        say("recovery of a killed worker's jobs: ours, then BullMQ's");
        let ours = whole_path::recovery(&environment, &sizes, &mut probe).await?;
        recovery = Some((ours, bullmq.recovery(&sizes, &mut probe).await?));
    }
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
    say(format_args!("  BullMQ: {:.0} jobs/s added, {:.0} done", bullmq.added, bullmq.done));
    let redis = redis_side::burst(environment, sizes, probe).await?;
    say(format_args!("  Redis side: {:.0} jobs/s in all", redis.whole));
    let path = whole_path::burst(environment, sizes, probe).await?;
    say(format_args!("  whole path: {:.0} jobs/s enqueued, {:.0} done", path.enqueued, path.done));
    let bullmq_trickle = reference.trickle(sizes, probe).await?;
    say(format_args!("  trickle, BullMQ: {bullmq_trickle}"));
    let trickle = whole_path::trickle(environment, sizes, probe).await?;
    say(format_args!("  trickle: {trickle}"));
    Ok(Round { bullmq, bullmq_trickle, redis, path, trickle })
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn arguments() -> Arguments {
        let (quick, recovery) = (false, false);
        Arguments { jobs: 100_000, organizations: 200, concurrency: 50, rounds: 3, quick, recovery }
    }

    #[test]
    fn a_quick_run_is_no_larger_than_what_was_asked_for() {
        let sizes = Arguments { quick: true, jobs: 100, ..arguments() }.settled().unwrap();
        assert_eq!((sizes.jobs, sizes.rounds, sizes.trickle_jobs()), (100, 1, 500));
    }

    #[test]
    fn nothing_is_no_size() {
        assert!(Arguments { rounds: 0, ..arguments() }.settled().is_err());
        assert!(Arguments { jobs: 0, ..arguments() }.settled().is_err());
    }
}
