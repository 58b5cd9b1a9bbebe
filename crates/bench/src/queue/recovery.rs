//! The time until the jobs of a worker that vanished run elsewhere.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use rubis_kernel::{Clock as _, SystemClock};
use rubis_queue::Worker;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::environment::Environment;
use super::handler::{Course, Tally};
use super::probe::Probe;
use super::{Arguments, PATIENCE};

/// Time it takes, in seconds, until all jobs of a worker that vanished have been begun by another
/// one that was there before. The first worker has a runtime of its own, which is dropped where it
/// stands: as with `kill -9` nothing is put back, and its connections are closed.
pub async fn recovery(environment: &Environment, sizes: &Arguments, probe: &mut Probe) -> Result<f64> {
    environment.clear().await?;
    probe.empty().await?;
    let now = SystemClock.now();
    environment.enqueue(&environment.jobs(sizes.concurrency, now), now).await?;

    let held = Arc::new(Tally::default());
    let runner = environment.apart()?.runner(Course::Endless, &held)?;
    let (stop, stopping) = watch::channel(false);
    let vanishing = Vanishing::new()?;
    vanishing.spawn(Worker::new().with(runner).run(stopping));
    held.wait_for(sizes.concurrency, PATIENCE).await?;

    let taken = Arc::new(Tally::default());
    let serving = environment.serve(Course::Unrecorded, &taken)?;
    // It has started and found nothing to do.
    sleep(Duration::from_secs(2)).await;
    drop(vanishing);
    let vanished = Instant::now();
    taken.wait_for(sizes.concurrency, PATIENCE).await?;
    let seconds = vanished.elapsed().as_secs_f64();
    // Until here: a worker whose sender is gone stops in good order.
    drop(stop);
    environment.wait_until_empty().await?;
    serving.stop().await?;
    Ok(seconds)
}

/// A runtime whose tasks are dropped where they stand.
struct Vanishing(Option<Runtime>);

impl Vanishing {
    fn new() -> Result<Self> {
        Ok(Self(Some(Builder::new_multi_thread().worker_threads(1).enable_all().build()?)))
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.0 {
            runtime.spawn(future);
        }
    }
}

impl Drop for Vanishing {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
