//! Redis forgets, dies, hangs, or is not there.

use std::time::Duration;

use anyhow::Result;
use time::OffsetDateTime;
use tokio::time::sleep;

use super::{ONE_SWEEP, workers::finish};
use crate::{Expected, Report, Site, Trial, WorkerProcess, servers::free_port};

/// How long Redis is gone.
const GONE: Duration = Duration::from_secs(3);

/// How long Redis does not answer.
const HUNG: Duration = Duration::from_secs(20);

async fn two_workers(trial: &Trial) -> Result<(WorkerProcess, WorkerProcess)> {
    Ok((trial.worker().start().await?, trial.worker().start().await?))
}

/// Waits for the last reminder, and compares; no silence is longer than one sweep.
async fn heal(trial: &Trial, since: OffsetDateTime) -> Result<Report> {
    let mut report = finish(trial, &Expected::default()).await?;
    report.mended("the longest silence", trial.longest_silence(since), ONE_SWEEP);
    Ok(report)
}

pub(super) async fn flushed(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("redis-flushed", reminders).await?;
    let _workers = two_workers(&trial).await?;
    // The workers have offered what is about to be due, or do so at this very moment.
    site.redis.flush().await?;
    trial.burst().await?;
    site.redis.flush().await?;
    heal(&trial, trial.now()).await
}

pub(super) async fn killed(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("redis-killed", reminders).await?;
    let _workers = two_workers(&trial).await?;
    trial.burst().await?;
    site.redis.kill()?;
    let killed = trial.now();
    sleep(GONE).await;
    site.redis.start_again().await?;
    heal(&trial, killed).await
}

pub(super) async fn paused(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("redis-paused", reminders).await?;
    let _workers = two_workers(&trial).await?;
    trial.burst().await?;
    site.redis.pause()?;
    let paused = trial.now();
    let healed = tokio::join!(heal(&trial, paused), sleep(HUNG)).0;
    site.redis.resume()?;
    healed
}

pub(super) async fn absent(site: &mut Site, reminders: usize) -> Result<Report> {
    let mut trial = site.trial("redis-absent", reminders).await?;
    trial.place.redis_url = format!("redis://127.0.0.1:{}/", free_port()?);
    let _workers = two_workers(&trial).await?;
    finish(&trial, &Expected::default()).await
}
