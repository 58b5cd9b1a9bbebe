//! Times of the reads of the calendar.

use anyhow::{Result, ensure};
use rubis_jobs::{JobId, Lease};
use rubis_queue::OfferedJob;
use tokio::time::Instant;

use super::calendar::{CLAIM, Calendar, QUEUE, TERMS};
use crate::statistics::{median, median_of};

/// Number of times a round does each thing but the claims, of which it does as many as it takes to claim all that
/// is due.
const REPETITIONS: u32 = 30;

/// Times in milliseconds, in the order of [`LOOKS`].
pub type Timings = [f64; 5];

/// Looks at the calendar, and whether they have a bar.
pub const LOOKS: [(&str, bool); 5] = [
    ("sweep of the whole window", true),
    ("reading the slices of a second", true),
    ("claim by Redis and PostgreSQL", true),
    ("claim by PostgreSQL alone", false),
    ("counting for the metrics", false),
];

/// The medians of several rounds.
pub fn medians(rounds: &[Timings]) -> Timings {
    std::array::from_fn(|look| median_of(rounds, |round| round.get(look).copied().unwrap_or_default()))
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
    let claims = [claims(calendar).await?, claims_by_postgres(calendar).await?];
    Ok([median(&mut sweeps), median(&mut slices), claims[0], claims[1], median(&mut stats)])
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
        let round = |sweep, claim| [sweep, 0.0, claim, 0.0, 0.0];
        let medians = medians(&[round(1.0, 9.0), round(2.0, 8.0), round(3.0, 7.0)]);
        assert_eq!((medians[0], medians[2]), (2.0, 8.0));
    }
}
