//! Runs one handler.

use std::{any::Any, panic::AssertUnwindSafe, time::Instant};

use futures_util::FutureExt as _;
use rubis_db::Pool;
use rubis_jobs::{ClaimedJob, JobError, Queue, in_trace};
use rubis_kernel::TraceId;
use tracing::Instrument as _;

use crate::{Finished, Handlers, JobContext, metrics};

/// A job whose handler has ended.
#[derive(Debug)]
pub(crate) struct Completed {
    pub(crate) job: ClaimedJob,
    pub(crate) outcome: Result<Finished, JobError>,
    /// It did not run: it has lost too many workers.
    pub(crate) is_quarantined: bool,
    /// Number of failures of its dead-letter callback.
    pub(crate) failed_callbacks: u32,
}

impl Completed {
    pub(crate) fn new(job: ClaimedJob, outcome: Result<Finished, JobError>) -> Self {
        Self { job, outcome, is_quarantined: false, failed_callbacks: 0 }
    }

    /// A job that the reaper handed over.
    pub(crate) fn quarantined(job: ClaimedJob) -> Self {
        let crashes = job.lease.crashes;
        let reason = format!("quarantined: {crashes} workers were lost while they ran it");
        Self { is_quarantined: true, ..Self::new(job, Err(JobError::fail(reason))) }
    }
}

/// Runs the job's handler, in the span and the trace of the job. A job without a trace begins one. A handler that
/// panics has failed an attempt like any other.
pub(crate) async fn execute(queue: Queue, handlers: &Handlers, pool: &Pool, job: ClaimedJob) -> Completed {
    let kind = job.lease.job_id.kind();
    let Some(handler) = handlers.get(kind) else {
        let reason = format!("no handler for jobs of the kind {kind:?}");
        return Completed::new(job, Err(JobError::Unreadable { reason }));
    };
    let context = JobContext {
        pool: pool.clone(),
        lease: job.lease.clone(),
        now: job.now,
        organization: job.organization,
        trace: job.trace,
        is_last_attempt: job.lease.attempts.saturating_add(1) >= handler.retry_policy().max_attempts,
    };
    let started = Instant::now();
    let trace = job.trace.unwrap_or_else(TraceId::new);
    let span = tracing::info_span!(
        "job",
        job = %job.lease.job_id,
        organization = job.organization.map(tracing::field::display),
        trace_id = %trace,
        attempt = job.lease.attempts.saturating_add(1),
    );
    let outcome = AssertUnwindSafe(in_trace(trace, handler.run(context, &job.payload)).instrument(span))
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(JobError::retry(panic_message(panic.as_ref()))));
    metrics::seconds(queue, started.elapsed());
    Completed::new(job, outcome)
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    format!("the handler panicked: {}", panic_text(panic))
}

/// The message of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
