//! Redis loses its data, dies, hangs, or is not there.

use std::time::Duration;

use anyhow::Result;
use rubis_devkit::ports;
use time::OffsetDateTime;
use tokio::time::sleep;

use super::ONE_SWEEP;
use super::workers::finish;
use crate::{Environment, Expected, Report, ScenarioRun};

/// Time until Redis is back.
pub(super) const GONE: Duration = Duration::from_secs(3);

/// Time without a response from Redis.
const HUNG: Duration = Duration::from_secs(20);

/// Waits for the last reminder, and compares; no silence is longer than one sweep.
async fn heal(run: &ScenarioRun, since: OffsetDateTime) -> Result<Report> {
    let mut report = finish(run, &Expected::default()).await?;
    report.mended("the longest silence", run.longest_silence(since), ONE_SWEEP);
    Ok(report)
}

pub(super) async fn flushed(environment: &mut Environment, run: &mut ScenarioRun) -> Result<Report> {
    let _workers = run.two_workers()?;
    // The workers have scheduled in Redis what is about to be due, or do so at this very moment.
    environment.servers.redis.flush()?;
    run.burst().await?;
    environment.servers.redis.flush()?;
    heal(run, run.now()).await
}

pub(super) async fn killed(environment: &mut Environment, run: &mut ScenarioRun) -> Result<Report> {
    let _workers = run.two_workers()?;
    run.burst().await?;
    environment.servers.redis.kill()?;
    let killed = run.now();
    sleep(GONE).await;
    environment.servers.redis.start_again()?;
    heal(run, killed).await
}

pub(super) async fn paused(environment: &mut Environment, run: &mut ScenarioRun) -> Result<Report> {
    let _workers = run.two_workers()?;
    run.burst().await?;
    environment.servers.redis.pause()?;
    let paused = run.now();
    let healed = tokio::join!(heal(run, paused), sleep(HUNG)).0;
    environment.servers.redis.resume()?;
    healed
}

pub(super) async fn absent(run: &mut ScenarioRun) -> Result<Report> {
    run.setup.redis_url = format!("redis://127.0.0.1:{}/", ports::any()?);
    let _workers = run.two_workers()?;
    finish(run, &Expected::default()).await
}
