//! The whole path: rows are inserted, scheduled in Redis, claimed in Redis and in PostgreSQL, run, and deleted.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use rubis_kernel::{Clock as _, SystemClock};
use rubis_queue::{QueueRunner, Worker};
use time::OffsetDateTime;
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::environment::{Environment, Tally};
use super::probe::Probe;
use super::{Arguments, TRICKLE_EVERY, TRICKLE_LEAD};
use crate::statistics::Lateness;

/// Steps of the feeder that look at the calendar: the first one reads the whole window.
const STEPS: i64 = 3;

#[derive(Clone, Copy, Debug)]
pub struct WholePath {
    /// Rows inserted in a second.
    pub enqueued: f64,
    /// Rows scheduled, claimed, run and deleted in a second.
    pub done: f64,
    /// Processor time of Redis for a job, in microseconds.
    pub cpu: f64,
}

pub async fn burst(environment: &Environment, sizes: &Arguments, probe: &mut Probe) -> Result<WholePath> {
    environment.clear().await?;
    probe.empty().await?;
    let now = SystemClock.now();
    let enqueuing = environment.enqueue(&environment.jobs(sizes.jobs, now), now).await?;
    let (cpu, tally, began) = (probe.cpu().await?, Arc::new(Tally::default()), Instant::now());
    let serving = environment.serve(&tally)?;
    tally.wait_for(sizes.jobs).await?;
    environment.wait_until_empty().await?;
    let doing = began.elapsed().as_secs_f64();
    let cpu = probe.cpu().await? - cpu;
    serving.stop().await?;
    let jobs = f64::from(sizes.jobs);
    Ok(WholePath { enqueued: jobs / enqueuing, done: jobs / doing, cpu: cpu * 1e6 / jobs })
}

/// Enqueues jobs at a steady pace, each due a little later, and returns how late they begin.
pub async fn trickle(environment: &Environment, sizes: &Arguments, probe: &mut Probe) -> Result<Lateness> {
    environment.clear().await?;
    probe.empty().await?;
    let tally = Arc::new(Tally::default());
    let serving = environment.serve(&tally)?;
    sleep(TRICKLE_LEAD).await;
    let mut conn = environment.pool.get().await?;
    let began = Instant::now();
    for (number, (job, _)) in (0..).zip(environment.jobs(sizes.trickle_jobs(), OffsetDateTime::UNIX_EPOCH)) {
        sleep_until(began + TRICKLE_EVERY * number).await;
        let now = SystemClock.now();
        let due = now + TRICKLE_LEAD;
        tally.expect(job.task_id, due);
        rubis_jobs::enqueue(&mut conn, &job, due, now).await?;
    }
    drop(conn);
    tally.wait_for(sizes.trickle_jobs()).await?;
    environment.wait_until_empty().await?;
    serving.stop().await?;
    Ok(Lateness::of(&mut tally.lateness()))
}

/// The memory of Redis' keys for each job that is due in a month, in bytes: the keys' memory after feeders looked at a
/// calendar with such jobs, less that after a look at an empty one.
pub async fn beyond_window(environment: &Environment, sizes: &Arguments, probe: &mut Probe) -> Result<f64> {
    environment.clear().await?;
    let runner = environment.runner(false, &Arc::new(Tally::default()))?;
    let now = SystemClock.now();
    let (keys_without, without) = after_feeding(&runner, probe, now).await?;
    environment.enqueue(&environment.jobs(sizes.jobs, now + time::Duration::days(30)), now).await?;
    let (keys, with) = after_feeding(&runner, probe, now).await?;
    ensure!(keys >= keys_without && keys_without > 0, "the feeder left no mark");
    environment.clear().await?;
    Ok((with - without) / f64::from(sizes.jobs))
}

async fn after_feeding(runner: &QueueRunner, probe: &mut Probe, now: OffsetDateTime) -> Result<(usize, f64)> {
    probe.empty().await?;
    for step in 0..STEPS {
        let fed = runner.feed_once(now + time::Duration::seconds(step)).await?;
        ensure!(fed.redis_up, "Redis did not respond to the feeder");
        ensure!(fed.swept == (step == 0), "the first step reads the whole window");
    }
    probe.keys().await
}

/// Seconds until all jobs of a worker that vanished have been begun by another one that was there before. The first
/// worker has a runtime of its own, which is dropped in the middle: as with `kill -9` nothing is put back, and its
/// connections are closed.
pub async fn recovery(environment: &Environment, sizes: &Arguments, probe: &mut Probe) -> Result<f64> {
    environment.clear().await?;
    probe.empty().await?;
    let now = SystemClock.now();
    environment.enqueue(&environment.jobs(sizes.concurrency, now), now).await?;

    let held = Arc::new(Tally::default());
    let runner = environment.apart()?.runner(true, &held)?;
    let (stop, stopping) = watch::channel(false);
    let vanishing = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    vanishing.spawn(Worker::new().with(runner).run(stopping));
    let is_held = held.wait_for(sizes.concurrency).await;

    let taken = Arc::new(Tally::default());
    let serving = environment.serve(&taken)?;
    // It has started and found nothing to do.
    sleep(Duration::from_secs(2)).await;
    vanishing.shutdown_background();
    let vanished = Instant::now();
    is_held?;
    taken.wait_for(sizes.concurrency).await?;
    let seconds = vanished.elapsed().as_secs_f64();
    // Kept until here: a worker whose sender is gone stops in good order.
    drop(stop);
    environment.wait_until_empty().await?;
    serving.stop().await?;
    Ok(seconds)
}
