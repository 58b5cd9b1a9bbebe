//! Handlers of kinds of jobs.

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use rubis_db::{AsyncPgConnection, Pool};
use rubis_jobs::{Job, JobError, JobId, Lease, Payload, RetryPolicy};
use rubis_kernel::{MailFailure, OrganizationId, TraceId};
use time::OffsetDateTime;

use crate::execute::panic_text;

/// Context of a run.
#[derive(Clone)]
pub struct JobContext {
    /// The connections to Postgres.
    pub pool: Pool,
    /// The right to run the job: [`Lease::finish`] belongs in the transaction of the effect.
    pub lease: Lease,
    /// The instant at which the job was claimed.
    pub now: OffsetDateTime,
    /// The tenant.
    pub organization: Option<OrganizationId>,
    /// Trace of the request or job that enqueued it: the same at each attempt.
    pub trace: Option<TraceId>,
    /// A failure of this attempt would be the last.
    pub is_last_attempt: bool,
}

/// Successful end of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It called [`Lease::finish`] or [`Lease::reschedule`] in its own transaction.
    Recorded,
    /// It called [`Lease::reschedule`] in its own transaction, and the job goes on after this wait: other
    /// organizations have their turn before.
    Continues(Duration),
    /// It had nothing to record: the runner finishes the job.
    Unrecorded,
}

/// Reason why a job was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLetterCause {
    /// Its last attempt failed, or another is pointless.
    Failed,
    /// It has lost too many workers.
    Quarantined,
    /// An operator dropped it.
    Dropped,
}

/// A job that was given up: the cause and the time.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    /// The job.
    pub job_id: JobId,
    /// The cause.
    pub cause: DeadLetterCause,
    /// The tenant.
    pub organization: Option<OrganizationId>,
    /// The last failure, for operations: it may name hosts and code.
    pub error: String,
    /// The last failure as the tenant may read it.
    pub failure: MailFailure,
    /// The failures, the last one included.
    pub attempts: u32,
    /// Time at which the last attempt was claimed.
    pub now: OffsetDateTime,
}

/// Does one kind of job. A job may be run more than once (its worker can be lost at any point), so
/// a handler looks at the state of things first, and records under its lease.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The kind.
    type Job: Job;

    /// Does the job.
    async fn run(&self, context: JobContext, job: Self::Job) -> Result<Finished, JobError>;

    /// Records that the job was given up, in the transaction that makes it a dead letter or drops it. Every kind
    /// states it: what waits for the job would wait for ever otherwise. It may be called more than once.
    async fn on_dead_letter(
        &self,
        conn: &mut AsyncPgConnection,
        job: Self::Job,
        letter: &DeadLetter,
    ) -> Result<(), JobError>;
}

/// A handler of whatever kind.
#[async_trait]
pub(crate) trait AnyHandler: Send + Sync {
    fn retry_policy(&self) -> RetryPolicy;
    async fn run(&self, context: JobContext, payload: &Payload) -> Result<Finished, JobError>;
    async fn on_dead_letter(
        &self,
        conn: &mut AsyncPgConnection,
        payload: &Payload,
        letter: &DeadLetter,
    ) -> Result<(), JobError>;
}

struct Typed<H>(H);

#[async_trait]
impl<H: Handler> AnyHandler for Typed<H> {
    fn retry_policy(&self) -> RetryPolicy {
        H::Job::RETRY
    }

    async fn run(&self, context: JobContext, payload: &Payload) -> Result<Finished, JobError> {
        self.0.run(context, payload.read()?).await
    }

    async fn on_dead_letter(
        &self,
        conn: &mut AsyncPgConnection,
        payload: &Payload,
        letter: &DeadLetter,
    ) -> Result<(), JobError> {
        self.0.on_dead_letter(conn, payload.read()?, letter).await
    }
}

/// The handlers of a worker, by kind.
#[derive(Clone, Default)]
pub struct Handlers {
    by_kind: HashMap<&'static str, Arc<dyn AnyHandler>>,
}

impl Handlers {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also this one, in place of an earlier one for the same kind.
    #[must_use]
    pub fn with<H: Handler>(mut self, handler: H) -> Self {
        self.by_kind.insert(H::Job::KIND, Arc::new(Typed(handler)));
        self
    }

    /// The kinds that have a handler, in alphabetical order.
    #[must_use]
    pub fn kinds(&self) -> Vec<&'static str> {
        let mut kinds: Vec<_> = self.by_kind.keys().copied().collect();
        kinds.sort_unstable();
        kinds
    }

    /// Calls the dead-letter callback of the job's kind, in the caller's transaction. One that panics has failed.
    ///
    /// # Errors
    /// [`JobError::Unreadable`] if this release knows neither the kind nor the payload; else the callback's error.
    pub async fn dead_letter(
        &self,
        conn: &mut AsyncPgConnection,
        payload: &Payload,
        letter: &DeadLetter,
    ) -> Result<(), JobError> {
        let kind = letter.job_id.kind();
        let Some(handler) = self.get(kind) else {
            return Err(JobError::Unreadable { reason: format!("no handler for jobs of the kind {kind:?}") });
        };
        AssertUnwindSafe(handler.on_dead_letter(conn, payload, letter)).catch_unwind().await.unwrap_or_else(
            |panic| {
                let panic = panic_text(panic.as_ref());
                Err(JobError::retry(format!("the dead-letter callback panicked: {panic}")))
            },
        )
    }

    pub(crate) fn get(&self, kind: &str) -> Option<&Arc<dyn AnyHandler>> {
        self.by_kind.get(kind)
    }
}
