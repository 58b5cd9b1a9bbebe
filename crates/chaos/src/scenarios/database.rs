//! PostgreSQL stops at once and comes back, or stalls.

use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::workers::finish;
use super::{ONE_SWEEP, QUIET, READY_AGAIN};
use crate::{Environment, Expected, Report, ScenarioRun};

/// Duration of a restart.
pub(super) const RESTART: Duration = Duration::from_secs(3);

/// Longer than a lease.
pub(super) const LONG: Duration = Duration::from_secs(13);

/// Every connection stays open and gets no response, for longer than a lease. What was sent meanwhile is recorded
/// afterwards by the worker that sent it, and no lease is taken away before.
pub(super) async fn stalled(environment: &mut Environment, run: &mut ScenarioRun) -> Result<Report> {
    let _workers = run.two_workers()?;
    run.burst().await?;
    environment.servers.postgres.pause()?;
    sleep(LONG).await;
    environment.servers.postgres.resume()?;
    let back = run.now();
    let mut report = finish(run, &Expected::default()).await?;
    report.mended("the longest silence after the stall", run.longest_silence(back), ONE_SWEEP);
    Ok(report)
}

pub(super) async fn stopped(
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
    let back = run.now();
    // No process died: each mail is recorded by the worker that sent it, and none is sent again.
    let expected = Expected::default();
    let (ready, report) = tokio::join!(api.ready_within(QUIET), finish(run, &expected));
    let (ready, mut report) = (ready?, report?);
    report.expect(!was_ready, "the API said that it was ready without its database");
    report.note(format!("ready {} after the restart", crate::report::seconds(ready)));
    report.mended("being ready again", ready, READY_AGAIN);
    report.mended("the longest silence after the restart", run.longest_silence(back), ONE_SWEEP);
    Ok(report)
}
