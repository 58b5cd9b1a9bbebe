//! The current trace: one id in the logs of a request, of the jobs that it causes, and in their mails.

use rubis_kernel::TraceId;

tokio::task_local! {
    static CURRENT: TraceId;
}

/// Returns the trace of the current request or job; `None` outside of both.
#[must_use]
pub fn current_trace() -> Option<TraceId> {
    CURRENT.try_with(|trace| *trace).ok()
}

/// Runs a request or a job in a trace. Jobs that it enqueues continue the trace.
pub async fn in_trace<F: Future>(trace: TraceId, work: F) -> F::Output {
    CURRENT.scope(trace, work).await
}
