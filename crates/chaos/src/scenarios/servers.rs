//! Redis loses its data, dies, hangs or is absent; PostgreSQL stops at once and comes back, or stalls.

use std::time::Duration;

use anyhow::Result;
use rubis_devkit::ports;
use tokio::time::sleep;

use super::{QUIET, READY_AGAIN, finish, heal};
use crate::{Environment, Expected, Report, ScenarioRun};

/// Time until Redis is back.
pub(super) const GONE: Duration = Duration::from_secs(3);

const HUNG: Duration = Duration::from_secs(20);

pub(super) const RESTART: Duration = Duration::from_secs(3);

/// Longer than a lease.
pub(super) const LONG: Duration = Duration::from_secs(13);

pub(super) async fn redis_flushed(environment: &mut Environment, run: &mut ScenarioRun) -> Result<Report> {
    let _workers = run.two_workers()?;
    // The workers have scheduled in Redis what is about to be due, or do so at this very moment.
    environment.servers.redis.flush()?;
    run.burst().await?;
    environment.servers.redis.flush()?;
    heal(run, run.now(), finish(run, &Expected::default())).await
}

pub(super) async fn redis_killed(environment: &mut Environment, run: &mut ScenarioRun) -> Result<Report> {
    let _workers = run.two_workers()?;
    run.burst().await?;
    environment.servers.redis.kill()?;
    let killed = run.now();
    sleep(GONE).await;
    environment.servers.redis.start_again()?;
    heal(run, killed, finish(run, &Expected::default())).await
}

pub(super) async fn redis_paused(environment: &mut Environment, run: &mut ScenarioRun) -> Result<Report> {
    let _workers = run.two_workers()?;
    run.burst().await?;
    environment.servers.redis.pause()?;
    let expected = Expected::default();
    let healing = heal(run, run.now(), finish(run, &expected));
    let healed = tokio::join!(healing, sleep(HUNG)).0;
    environment.servers.redis.resume()?;
    healed
}

pub(super) async fn redis_absent(run: &mut ScenarioRun) -> Result<Report> {
    run.setup.redis_url = format!("redis://127.0.0.1:{}/", ports::any()?);
    let _workers = run.two_workers()?;
    finish(run, &Expected::default()).await
}

/// Every connection stays open and gets no response, for longer than a lease. What was sent meanwhile is recorded
/// afterwards by the worker that sent it, and no lease is taken away before.
pub(super) async fn postgres_stalled(environment: &mut Environment, run: &mut ScenarioRun) -> Result<Report> {
    let _workers = run.two_workers()?;
    run.burst().await?;
    environment.servers.postgres.pause()?;
    sleep(LONG).await;
    environment.servers.postgres.resume()?;
    heal(run, run.now(), finish(run, &Expected::default())).await
}

pub(super) async fn postgres_stopped(
    environment: &mut Environment,
    run: &mut ScenarioRun,
    length: Duration,
) -> Result<Report> {
    let mut api = environment.api(run)?;
    let _workers = run.two_workers()?;
    run.burst().await?;
    environment.servers.postgres.stop_immediately()?;
    sleep(length).await;
    let was_ready = api.is_ready().await;
    environment.servers.postgres.start_again()?;
    // No process died: each mail is recorded by the worker that sent it, and none is sent again.
    let expected = Expected::default();
    let healing = heal(run, run.now(), finish(run, &expected));
    let (ready, report) = tokio::join!(api.ready_within(QUIET), healing);
    let (ready, mut report) = (ready?, report?);
    report.expect(!was_ready, "the API reported that it was ready without its database");
    report.note(format!("ready {} after the restart", crate::report::seconds(ready)));
    report.mended("being ready again", ready, READY_AGAIN);
    Ok(report)
}
