//! Runs one handler.

use std::{any::Any, panic::AssertUnwindSafe, time::Instant};

use futures_util::FutureExt as _;
use rubis_db::Pool;
use rubis_jobs::{ClaimedJob, JobError, Queue};

use crate::{Finished, Handlers, JobContext, metrics};

/// A job whose handler has ended.
#[derive(Debug)]
pub(crate) struct Completed {
    pub(crate) job: ClaimedJob,
    pub(crate) outcome: Result<Finished, JobError>,
}

/// Runs the job's handler. One that panics has failed an attempt like any other.
pub(crate) async fn execute(queue: Queue, handlers: &Handlers, pool: &Pool, job: ClaimedJob) -> Completed {
    let kind = job.lease.job_id.kind();
    let Some(handler) = handlers.get(kind) else {
        let reason = format!("no handler for jobs of the kind {kind:?}");
        return Completed { job, outcome: Err(JobError::Unreadable { reason }) };
    };
    let context = JobContext {
        pool: pool.clone(),
        lease: job.lease.clone(),
        now: job.now,
        organization: job.organization,
        is_last_attempt: job.lease.attempts.saturating_add(1) >= handler.retry_policy().max_attempts,
    };
    let started = Instant::now();
    let outcome = AssertUnwindSafe(handler.run(context, &job.payload))
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(JobError::retry(panic_message(panic.as_ref()))));
    metrics::seconds(queue, started.elapsed());
    Completed { job, outcome }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    format!("the handler panicked: {message}")
}
