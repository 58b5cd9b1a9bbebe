//! A database with so many planned jobs, and the times of the reads and the claim there.

use std::time::Duration;

use anyhow::{Result, ensure};
use rubis_db::Pool;
use rubis_jobs::{JobId, Queue};
use rubis_queue::{DueIndex, Handlers, IndexedJob, QueueRunner, QueueSettings};
use rubis_runtime::settings::RedisSettings;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::fill;
use crate::Machine;
use crate::statistics::{median, median_of};

/// Jobs to a claim: as many as a worker runs at once.
pub const CLAIM: u32 = 50;

const QUEUE: Queue = Queue::Relances;

/// The jobs of a claim are given back at once, long before the end of their leases.
const LEASE: Duration = Duration::from_secs(3_600);

/// Connections of either kind: one thing is measured at a time.
const CONNECTIONS: u32 = 2;

const REPETITIONS: u32 = 30;

/// Times in milliseconds, in the order of [`READS`].
pub type Timings = [f64; 3];

pub const READS: [&str; 3] =
    ["sweep of the whole window", "reading the slices of a second", "claim by Redis and PostgreSQL"];

pub fn medians(rounds: &[Timings]) -> Timings {
    std::array::from_fn(|read| median_of(rounds, |round| round.get(read).copied().unwrap_or_default()))
}

/// So many planned jobs, some of them due.
pub struct Calendar {
    pub jobs: u32,
    pub database: String,
    pub url: String,
    due: u32,
    now: OffsetDateTime,
    pool: Pool,
    index: DueIndex,
    sweeping: QueueRunner,
    /// Reads the slices of a second at each step.
    slicing: QueueRunner,
}

impl Calendar {
    pub async fn open(machine: &Machine, jobs: u32, due: u32, now: OffsetDateTime) -> Result<Self> {
        let database = format!("feed_{jobs}");
        let url = machine.servers.database(&database).await?;
        fill::fill(&url, jobs, due, now).await?;
        let pool = rubis_db::connect(&url, CONNECTIONS)?;
        let settings = RedisSettings::at(&machine.servers.redis.url());
        let redis = rubis_runtime::redis::pool(&settings, usize::try_from(CONNECTIONS)?)?;
        let prefix = format!("feed-{jobs}");
        // A step reads what is due to be read: the instant stands still, so the times between reads are none.
        let sliced =
            QueueSettings { prefix: prefix.clone(), tick: Duration::ZERO, ..QueueSettings::default() };
        let swept = QueueSettings { sweep_every: Duration::ZERO, ..sliced.clone() };
        let runner =
            |settings| QueueRunner::new(QUEUE, settings, pool.clone(), redis.clone(), Handlers::new());
        let (sweeping, slicing) = (runner(swept), runner(sliced));
        let index = DueIndex::new(QUEUE, redis, &prefix);
        Ok(Self { jobs, database, url, due, now, pool, index, sweeping, slicing })
    }

    /// Measures everything once, and leaves the calendar as it was: medians of many repetitions.
    pub async fn round(&self) -> Result<Timings> {
        let (mut sweeps, mut slices) = (Vec::new(), Vec::new());
        for _ in 0..REPETITIONS {
            let began = Instant::now();
            let fed = self.sweeping.feed_once(self.now).await?;
            sweeps.push(milliseconds(began));
            ensure!(
                fed.swept && fed.scheduled >= u64::from(self.due),
                "a sweep found {} jobs",
                fed.scheduled
            );
        }
        for _ in 0..REPETITIONS {
            let began = Instant::now();
            let fed = self.slicing.feed_once(self.now).await?;
            slices.push(milliseconds(began));
            ensure!(!fed.swept && fed.redis_up, "the whole window was read, or nothing");
        }
        Ok([median(&mut sweeps), median(&mut slices), self.claims().await?])
    }

    async fn claims(&self) -> Result<f64> {
        let (mut times, mut claimed, mut leases) = (Vec::new(), Vec::new(), Vec::new());
        let mut conn = self.pool.get().await?;
        for _ in 0..self.due / CLAIM {
            let began = Instant::now();
            let taken = self.index.claim(usize::try_from(CLAIM)?, LEASE, Some(self.now)).await?;
            let ids: Vec<JobId> = taken.jobs.iter().map(|job| job.id.clone()).collect();
            let jobs = rubis_jobs::claim(&mut conn, QUEUE, &ids, LEASE, Some(self.now)).await?;
            times.push(milliseconds(began));
            ensure!(jobs.len() == usize::try_from(CLAIM)?, "a claim found {} jobs", jobs.len());
            claimed.extend(taken.jobs.into_iter().map(|job: IndexedJob| (job, Duration::ZERO)));
            leases.extend(jobs.into_iter().map(|job| job.lease));
        }
        let released = rubis_jobs::release(&mut conn, &leases).await?.len();
        ensure!(released == leases.len(), "{released} of {} jobs were put back", leases.len());
        self.index.reschedule(&claimed, Some(self.now)).await?;
        Ok(median(&mut times))
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_a_median_of_its_own() {
        let medians = medians(&[[1.0, 0.0, 9.0], [2.0, 0.0, 8.0], [3.0, 0.0, 7.0]]);
        assert_eq!((medians[0], medians[2]), (2.0, 8.0));
    }
}
