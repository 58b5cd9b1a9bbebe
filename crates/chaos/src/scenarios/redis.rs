//! Redis forgets, dies, hangs, or is not there.

use std::time::Duration;

use anyhow::Result;
use tokio::time::{Instant, sleep};

use super::{ONE_SWEEP, QUIET, workers::finish};
use crate::{Expected, Report, Site, Trial, WorkerProcess, servers::free_port};

/// How long Redis is gone.
const GONE: Duration = Duration::from_secs(3);

/// How long Redis does not answer.
const HUNG: Duration = Duration::from_secs(20);

async fn two_workers(trial: &Trial) -> Result<(WorkerProcess, WorkerProcess)> {
    Ok((trial.worker().start().await?, trial.worker().start().await?))
}

/// Waits for the last reminder, and compares; everything has to be over within one sweep.
async fn heal(trial: &Trial, what: &str, since: Instant) -> Result<Report> {
    trial.database.quiet(None, QUIET).await?;
    let healed = since.elapsed();
    let mut report = finish(trial, &Expected::default()).await?;
    report.mended(what, healed, ONE_SWEEP);
    Ok(report)
}

pub(super) async fn flushed(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("redis-flushed", reminders).await?;
    let _workers = two_workers(&trial).await?;
    // The workers have offered what is about to be due, or do so at this very moment.
    site.redis.flush().await?;
    trial.burst().await?;
    site.redis.flush().await?;
    heal(&trial, "everything after the wipe", Instant::now()).await
}

pub(super) async fn killed(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("redis-killed", reminders).await?;
    let _workers = two_workers(&trial).await?;
    trial.burst().await?;
    site.redis.kill()?;
    let killed = Instant::now();
    sleep(GONE).await;
    site.redis.start_again().await?;
    heal(&trial, "everything after the loss", killed).await
}

pub(super) async fn paused(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("redis-paused", reminders).await?;
    let _workers = two_workers(&trial).await?;
    trial.burst().await?;
    site.redis.pause()?;
    let paused = Instant::now();
    let healed = tokio::join!(heal(&trial, "everything since the pause", paused), sleep(HUNG)).0;
    site.redis.resume()?;
    healed
}

pub(super) async fn absent(site: &mut Site, reminders: usize) -> Result<Report> {
    let mut trial = site.trial("redis-absent", reminders).await?;
    trial.place.redis_url = format!("redis://127.0.0.1:{}/", free_port()?);
    let _workers = two_workers(&trial).await?;
    finish(&trial, &Expected::default()).await
}
