//! The whole path: rows are inserted, offered, claimed in Redis and in Postgres, run, and deleted.

use std::sync::Arc;

use anyhow::Result;
use diesel_async::SimpleAsyncConnection as _;
use rubis_kernel::{Clock as _, SystemClock};
use tokio::time::Instant;

use super::environment::Environment;
use super::handler::{Course, Tally};
use super::probe::{Probe, Toll};
use super::{Arguments, PATIENCE};

#[derive(Clone, Debug)]
pub struct DurableBurst {
    /// Rows inserted in a second.
    pub enqueued: f64,
    /// Rows offered, claimed, run and deleted in a second.
    pub done: f64,
    pub toll: Toll,
}

/// Enqueues a burst of due jobs, then lets a worker do it.
pub async fn burst(
    environment: &Environment,
    sizes: &Arguments,
    course: Course,
    probe: &mut Probe,
) -> Result<DurableBurst> {
    environment.clear().await?;
    probe.empty().await?;
    let now = SystemClock.now();
    let enqueuing = environment.enqueue(&environment.jobs(sizes.jobs, now), now).await?;
    // The planner should know of them, as it does where autovacuum comes by.
    environment.pool.get().await?.batch_execute("ANALYZE jobs").await?;

    let start = probe.start().await?;
    let tally = Arc::new(Tally::default());
    let began = Instant::now();
    let serving = environment.serve(course, &tally)?;
    tally.wait_for(sizes.jobs, PATIENCE).await?;
    environment.wait_until_empty().await?;
    let doing = began.elapsed().as_secs_f64();
    let toll = probe.end(&start).await?;
    serving.stop().await?;
    let jobs = f64::from(sizes.jobs);
    Ok(DurableBurst { enqueued: jobs / enqueuing, done: jobs / doing, toll })
}
