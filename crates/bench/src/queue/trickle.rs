//! A steady trickle of jobs that are due soon, through the whole path.

use std::sync::Arc;

use anyhow::Result;
use rubis_kernel::{Clock as _, SystemClock};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep, sleep_until};

use super::environment::Environment;
use super::handler::{Course, Tally};
use super::probe::{Probe, Toll};
use super::{Arguments, PATIENCE};
use crate::statistics::Lateness;

/// Enqueues jobs at a steady pace, each due a little later, and sees how late each begins.
pub async fn trickle(
    environment: &Environment,
    sizes: &Arguments,
    probe: &mut Probe,
) -> Result<(Lateness, Toll)> {
    environment.clear().await?;
    probe.empty().await?;
    let start = probe.start().await?;
    let tally = Arc::new(Tally::default());
    let serving = environment.serve(Course::Unrecorded, &tally)?;
    sleep(super::TRICKLE_LEAD).await;
    let mut conn = environment.pool.get().await?;
    let began = Instant::now();
    for (number, (job, _)) in (0..).zip(environment.jobs(sizes.trickle_jobs(), OffsetDateTime::UNIX_EPOCH)) {
        sleep_until(began + sizes.trickle_every() * number).await;
        let now = SystemClock.now();
        let due = now + super::TRICKLE_LEAD;
        tally.expect(job.task_id, due);
        rubis_jobs::enqueue(&mut conn, &job, due, now).await?;
    }
    drop(conn);
    tally.wait_for(sizes.trickle_jobs(), PATIENCE).await?;
    environment.wait_until_empty().await?;
    let toll = probe.end(&start).await?;
    serving.stop().await?;
    Ok((Lateness::of(&mut tally.lateness()), toll))
}
