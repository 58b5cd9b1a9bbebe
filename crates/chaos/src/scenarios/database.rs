//! PostgreSQL stops at once and comes back, or stalls.

use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::{ONE_SWEEP, QUIET, READY_AGAIN, workers::finish};
use crate::{Expected, Report, Site};

/// How long a restart takes.
const RESTART: Duration = Duration::from_secs(3);

/// Longer than a lease.
const LONG: Duration = Duration::from_secs(13);

pub(super) async fn restarted(site: &mut Site, reminders: usize) -> Result<Report> {
    stop_for(site, "postgres-restarted", reminders, RESTART).await
}

pub(super) async fn away(site: &mut Site, reminders: usize) -> Result<Report> {
    stop_for(site, "postgres-away", reminders, LONG).await
}

/// Every connection stays open and nothing is answered, for longer than a lease. What was sent meanwhile is recorded
/// afterwards by the worker that sent it, and no lease is taken away before.
pub(super) async fn stalled(site: &mut Site, reminders: usize) -> Result<Report> {
    let trial = site.trial("postgres-stalled", reminders).await?;
    let _workers = (trial.worker().start().await?, trial.worker().start().await?);
    trial.burst().await?;
    site.postgres.pause()?;
    sleep(LONG).await;
    site.postgres.resume()?;
    let back = trial.now();
    let mut report = finish(&trial, &Expected::default()).await?;
    report.mended("the longest silence after the stall", trial.longest_silence(back), ONE_SWEEP);
    Ok(report)
}

async fn stop_for(site: &mut Site, name: &str, reminders: usize, length: Duration) -> Result<Report> {
    let trial = site.trial(name, reminders).await?;
    let mut api = site.api(&trial).await?;
    let _workers = (trial.worker().start().await?, trial.worker().start().await?);
    trial.burst().await?;
    site.postgres.stop_immediately().await?;
    sleep(length).await;
    let was_ready = api.is_ready().await;
    site.postgres.start_again().await?;
    let back = trial.now();
    // No process died: each mail is recorded by whoever sent it, and none is sent again.
    let expected = Expected::default();
    let (ready, report) = tokio::join!(api.ready_within(QUIET), finish(&trial, &expected));
    let (ready, mut report) = (ready?, report?);
    report.expect(!was_ready, "the API said that it was ready without its database");
    report.note(format!("ready {} after the restart", crate::report::seconds(ready)));
    report.mended("being ready again", ready, READY_AGAIN);
    report.mended("the longest silence after the restart", trial.longest_silence(back), ONE_SWEEP);
    Ok(report)
}
