//! How long a look at the calendar takes.

use std::fmt;

use anyhow::{Result, ensure};
use rubis_jobs::{JobId, Lease};
use rubis_queue::OfferedJob;
use tokio::time::Instant;

use super::calendar::{CLAIM, Calendar, QUEUE, TERMS};
use crate::statistics::median;

/// Number of times a round does each thing but the claims, of which it does as many as it takes to claim all that
/// is due.
const REPETITIONS: u32 = 30;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timings {
    /// A step of the feeder that reads the whole window.
    pub sweep: f64,
    /// A step of the feeder that reads what each second asks for.
    pub slice: f64,
    /// A claim: Redis names the jobs, PostgreSQL gives them.
    pub claim: f64,
    pub claim_due: f64,
    pub stats: f64,
}

impl Timings {
    /// The medians of several rounds.
    pub fn median_of(rounds: &[Self]) -> Self {
        let of = |part: fn(&Self) -> f64| median(&mut rounds.iter().map(part).collect::<Vec<_>>());
        Self {
            sweep: of(|round| round.sweep),
            slice: of(|round| round.slice),
            claim: of(|round| round.claim),
            claim_due: of(|round| round.claim_due),
            stats: of(|round| round.stats),
        }
    }
}

impl fmt::Display for Timings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "sweep {:.2} ms, slices {:.2} ms, claim {:.2} ms or {:.2} ms by PostgreSQL, counting {:.2} ms",
            self.sweep, self.slice, self.claim, self.claim_due, self.stats
        )
    }
}

/// Measures everything once, and leaves the calendar as it was: medians of many repetitions.
pub async fn round(calendar: &Calendar) -> Result<Timings> {
    let now = calendar.now;
    let (mut sweeps, mut slices, mut stats) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..REPETITIONS {
        let began = Instant::now();
        let fed = calendar.sweeping.feed_once(now).await?;
        sweeps.push(milliseconds(began));
        ensure!(fed.swept && fed.offered >= u64::from(calendar.due), "a sweep found {} jobs", fed.offered);
    }
    for _ in 0..REPETITIONS {
        let began = Instant::now();
        let fed = calendar.slicing.feed_once(now).await?;
        slices.push(milliseconds(began));
        ensure!(!fed.swept && fed.redis_up, "the whole window was read, or nothing");
    }
    for _ in 0..REPETITIONS {
        let mut conn = calendar.pool.get().await?;
        let began = Instant::now();
        let counted = rubis_jobs::stats(&mut conn, QUEUE, Some(now)).await?;
        stats.push(milliseconds(began));
        ensure!(counted.due >= u64::from(calendar.due), "{} jobs are due", counted.due);
    }
    Ok(Timings {
        sweep: median(&mut sweeps),
        slice: median(&mut slices),
        claim: claims(calendar).await?,
        claim_due: claims_by_postgres(calendar).await?,
        stats: median(&mut stats),
    })
}

/// Claims all that is due, a worker's batch at a time, and gives it back.
async fn claims(calendar: &Calendar) -> Result<f64> {
    let (mut times, mut claimed, mut leases) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..calendar.due / CLAIM {
        let began = Instant::now();
        let taken = calendar.offers.claim(usize::try_from(CLAIM)?, TERMS, Some(calendar.now)).await?;
        let ids: Vec<JobId> = taken.jobs.iter().map(|job| job.id.clone()).collect();
        let mut conn = calendar.pool.get().await?;
        let jobs = rubis_jobs::claim(&mut conn, QUEUE, &ids, TERMS.lease, Some(calendar.now)).await?;
        times.push(milliseconds(began));
        ensure!(jobs.len() == usize::try_from(CLAIM)?, "a claim found {} jobs", jobs.len());
        claimed.extend(taken.jobs.into_iter().map(|job: OfferedJob| (job, std::time::Duration::ZERO)));
        leases.extend(jobs.into_iter().map(|job| job.lease));
    }
    release(calendar, &leases).await?;
    calendar.offers.give_back(&claimed, Some(calendar.now)).await?;
    Ok(median(&mut times))
}

/// The same as a worker does it while Redis is away.
async fn claims_by_postgres(calendar: &Calendar) -> Result<f64> {
    let (mut times, mut leases) = (Vec::new(), Vec::new());
    let mut conn = calendar.pool.get().await?;
    for _ in 0..calendar.due / CLAIM {
        let began = Instant::now();
        let jobs = rubis_jobs::claim_due(&mut conn, QUEUE, CLAIM, TERMS.lease, Some(calendar.now)).await?;
        times.push(milliseconds(began));
        ensure!(jobs.len() == usize::try_from(CLAIM)?, "a claim found {} jobs", jobs.len());
        leases.extend(jobs.into_iter().map(|job| job.lease));
    }
    drop(conn);
    release(calendar, &leases).await?;
    Ok(median(&mut times))
}

async fn release(calendar: &Calendar, leases: &[Lease]) -> Result<()> {
    let mut conn = calendar.pool.get().await?;
    let released = rubis_jobs::release(&mut conn, leases).await?;
    ensure!(released.len() == leases.len(), "{} of {} jobs were put back", released.len(), leases.len());
    Ok(())
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_a_median_of_its_own() {
        let round = |sweep, claim| Timings { sweep, claim, ..Timings::default() };
        let median = Timings::median_of(&[round(1.0, 9.0), round(2.0, 8.0), round(3.0, 7.0)]);
        assert_eq!((median.sweep, median.claim), (2.0, 8.0));
    }
}
