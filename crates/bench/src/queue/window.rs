//! The memory of Redis for jobs beyond the window.

use std::sync::Arc;

use anyhow::{Result, ensure};
use diesel_async::SimpleAsyncConnection as _;
use rubis_kernel::{Clock as _, SystemClock};
use rubis_queue::QueueRunner;
use time::{Duration, OffsetDateTime};

use super::Arguments;
use super::environment::Environment;
use super::handler::{Course, Tally};
use super::probe::Probe;

/// Steps of the feeder that look at the calendar: the first one reads the whole window.
const STEPS: i64 = 3;

/// The memory of Redis' keys for each job that is due in a month, in bytes: what the keys take after
/// feeders looked at a calendar with such jobs, less what they take after a look at an empty one.
pub async fn beyond(environment: &Environment, sizes: &Arguments, probe: &mut Probe) -> Result<f64> {
    environment.clear().await?;
    let runner = environment.runner(Course::Unrecorded, &Arc::new(Tally::default()))?;
    let now = SystemClock.now();
    let (keys_without, without) = after_feeding(&runner, probe, now).await?;
    environment.enqueue(&environment.jobs(sizes.jobs, now + Duration::days(30)), now).await?;
    environment.pool.get().await?.batch_execute("ANALYZE jobs").await?;
    let (keys, with) = after_feeding(&runner, probe, now).await?;
    ensure!(keys >= keys_without && keys_without > 0, "the feeder left no mark");
    environment.clear().await?;
    Ok((with - without) / f64::from(sizes.jobs))
}

async fn after_feeding(runner: &QueueRunner, probe: &mut Probe, now: OffsetDateTime) -> Result<(usize, f64)> {
    probe.empty().await?;
    for step in 0..STEPS {
        let fed = runner.feed_once(now + Duration::seconds(step)).await?;
        ensure!(fed.redis_up, "Redis did not answer the feeder");
        ensure!(fed.swept == (step == 0), "the first step reads the whole window");
    }
    probe.keys().await
}
