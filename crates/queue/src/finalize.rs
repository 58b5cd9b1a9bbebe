//! Records how handlers ended: in Postgres first, then in Redis.

use std::{collections::HashSet, time::Duration};

use diesel_async::AsyncConnection as _;
use rubis_db::{AsyncPgConnection, Pool};
use rubis_jobs::{JobError, JobId, Lease, Queue};
use rubis_kernel::MailFailure;
use time::OffsetDateTime;

use crate::{
    DeadLetter, DeadLetterCause, DueIndex, Finished, Handlers, IndexedJob, Jitter, QueueError, QueueSettings,
    execute::Completed,
    in_flight::{InFlight, indexed},
    metrics,
};

/// Numbers of jobs that ran, by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunReport {
    /// Done.
    pub done: u64,
    /// Failed, to be tried again.
    pub retried: u64,
    /// Given up.
    pub dead: u64,
    /// Put back without counting an attempt: not understood by this release, or interrupted.
    pub postponed: u64,
    /// Passed to another worker in the meantime.
    pub lost: u64,
}

impl std::ops::AddAssign for RunReport {
    fn add_assign(&mut self, other: Self) {
        self.done += other.done;
        self.retried += other.retried;
        self.dead += other.dead;
        self.postponed += other.postponed;
        self.lost += other.lost;
    }
}

/// Result of finalizing a batch.
#[derive(Default)]
pub(crate) struct Finalization {
    pub(crate) report: RunReport,
    /// Jobs whose end could not be recorded, to be tried again.
    pub(crate) not_recorded: Vec<Completed>,
}

/// The wait of a job that the database interrupted.
const INTERRUPTION: Duration = Duration::from_secs(1);

/// Number of tries of a dead-letter callback. After that the job is a dead letter whose domain does not know, until
/// the reconciliation calls it.
const CALLBACK_TRIES: u32 = 12;

/// Decision on a job that failed.
enum Verdict {
    Retry { reason: String, delay: Duration },
    Postpone { reason: String, delay: Duration },
    Block { reason: String, delay: Duration },
    GiveUp { reason: String, failure: MailFailure },
}

/// Recorded end of a job that failed.
enum Ending {
    BackAfter(Duration),
    GivenUp,
}

/// Reasons why the end of a job is not recorded.
enum NotRecorded {
    LeaseLost,
    /// Its dead-letter callback failed.
    Callback(JobError),
    Other(JobError),
}

impl<E: Into<JobError>> From<E> for NotRecorded {
    fn from(error: E) -> Self {
        match error.into() {
            JobError::LeaseLost => Self::LeaseLost,
            other => Self::Other(other),
        }
    }
}

pub(crate) struct Finalizer<'a> {
    pub(crate) queue: Queue,
    pub(crate) settings: &'a QueueSettings,
    pub(crate) pool: &'a Pool,
    pub(crate) index: &'a DueIndex,
    pub(crate) handlers: &'a Handlers,
    pub(crate) jitter: &'a Jitter,
    pub(crate) in_flight: &'a InFlight,
}

impl Finalizer<'_> {
    /// Records how these jobs ended. Those that were merely done go in one statement.
    pub(crate) async fn finalize(
        &self,
        completed: Vec<Completed>,
        now: Option<OffsetDateTime>,
    ) -> Finalization {
        let mut finalization = Finalization::default();
        let (mut over, mut back) = (Vec::new(), Vec::new());
        let (mut unrecorded, mut failed) = (Vec::new(), Vec::new());
        for completed in completed {
            match completed.outcome {
                Ok(Finished::Recorded) => {
                    finalization.report.done += 1;
                    self.in_flight.remove([&completed.job.lease]);
                    over.push(indexed(&completed.job));
                }
                Ok(Finished::Continues(wait)) => {
                    finalization.report.done += 1;
                    self.in_flight.remove([&completed.job.lease]);
                    let job = indexed(&completed.job);
                    if wait <= self.settings.horizon { back.push((job, wait)) } else { over.push(job) }
                }
                Ok(Finished::Unrecorded) => unrecorded.push(completed),
                Err(_) => failed.push(completed),
            }
        }
        self.finish(unrecorded, &mut finalization, &mut over).await;
        for completed in failed {
            self.finalize_failure(completed, &mut finalization, &mut over, &mut back, now).await;
        }
        metrics::done(self.queue, finalization.report.done);
        // Without this Redis finds out by itself, when the leases there end.
        if self.index.is_up() {
            let _ = self.index.forget(&over).await;
            let _ = self.index.reschedule(&back, now).await;
        }
        finalization
    }

    async fn finish(
        &self,
        completed: Vec<Completed>,
        finalization: &mut Finalization,
        over: &mut Vec<IndexedJob>,
    ) {
        if completed.is_empty() {
            return;
        }
        let leases: Vec<Lease> = completed.iter().map(|completed| completed.job.lease.clone()).collect();
        let (finished, failure) = self.delete(&leases).await;
        if let Some(error) = &failure {
            let jobs = leases.len() - finished.len();
            tracing::warn!(queue = %self.queue, %error, jobs, "finished jobs are not recorded yet");
        }
        for completed in completed {
            let lease = &completed.job.lease;
            if finished.contains(&lease.job_id) {
                finalization.report.done += 1;
                over.push(indexed(&completed.job));
            } else if failure.is_none() {
                self.lost(lease, finalization);
            } else {
                finalization.not_recorded.push(completed);
                continue;
            }
            self.in_flight.remove([lease]);
        }
    }

    /// Deletes what is still held. Returns what was, and why the rest may not have been looked at.
    async fn delete(&self, leases: &[Lease]) -> (HashSet<JobId>, Option<QueueError>) {
        let mut finished = HashSet::new();
        let deleting = async {
            let mut conn = self.pool.get().await?;
            finished.extend(rubis_jobs::finish_at_location(&mut conn, leases).await?);
            if finished.len() < leases.len() {
                let others = leases.iter().filter(|lease| !finished.contains(&lease.job_id));
                let others = rubis_jobs::finish_many(&mut conn, others).await?;
                finished.extend(others);
            }
            Ok(())
        };
        let failure = deleting.await.err();
        (finished, failure)
    }

    /// Another worker may have the job by now; whatever is noted of it is that worker's.
    fn lost(&self, lease: &Lease, finalization: &mut Finalization) {
        tracing::warn!(queue = %self.queue, job = %lease.job_id, "the lease was lost while the job ran");
        metrics::lease_lost(self.queue);
        finalization.report.lost += 1;
    }

    async fn finalize_failure(
        &self,
        completed: Completed,
        finalization: &mut Finalization,
        over: &mut Vec<IndexedJob>,
        back: &mut Vec<(IndexedJob, Duration)>,
        now: Option<OffsetDateTime>,
    ) {
        let Some(verdict) = self.verdict(&completed) else {
            self.in_flight.remove([&completed.job.lease]);
            return self.lost(&completed.job.lease, finalization);
        };
        let ending = self.record(&completed, &verdict, now).await;
        let job = indexed(&completed.job);
        let id = &completed.job.lease.job_id;
        match ending {
            Ok(Ending::BackAfter(delay)) => {
                match &verdict {
                    Verdict::Postpone { reason, .. } | Verdict::Block { reason, .. } => {
                        tracing::warn!(queue = %self.queue, job = %id, reason, ?delay, "put back, no attempt counted");
                        match completed.outcome {
                            Err(JobError::Interrupted { .. } | JobError::Blocked { .. }) => {
                                metrics::interrupted(self.queue);
                            }
                            _ => metrics::unreadable(self.queue),
                        }
                        finalization.report.postponed += 1;
                    }
                    Verdict::Retry { reason, .. } | Verdict::GiveUp { reason, .. } => {
                        tracing::warn!(queue = %self.queue, job = %id, reason, ?delay, "failed, to be tried again");
                        metrics::failed(self.queue);
                        finalization.report.retried += 1;
                    }
                }
                if delay <= self.settings.horizon { back.push((job, delay)) } else { over.push(job) }
            }
            Ok(Ending::GivenUp) => {
                tracing::error!(queue = %self.queue, job = %id, quarantined = completed.is_quarantined, "job given up");
                if !completed.is_quarantined {
                    metrics::failed(self.queue);
                }
                metrics::dead(self.queue);
                finalization.report.dead += 1;
                over.push(job);
            }
            Err(NotRecorded::LeaseLost) => self.lost(&completed.job.lease, finalization),
            Err(NotRecorded::Callback(error)) => {
                let failures = completed.failed_callbacks.saturating_add(1);
                tracing::error!(queue = %self.queue, job = %id, %error, failures, "dead-letter callback failed");
                metrics::callback_failed(self.queue);
                finalization.not_recorded.push(Completed { failed_callbacks: failures, ..completed });
                return;
            }
            Err(NotRecorded::Other(error)) => {
                tracing::warn!(queue = %self.queue, job = %id, %error, "a failure is not recorded yet");
                finalization.not_recorded.push(completed);
                return;
            }
        }
        self.in_flight.remove([&completed.job.lease]);
    }

    /// Reports whether recording the end calls a domain, which may take its time or fail.
    pub(crate) fn calls_its_domain(&self, completed: &Completed) -> bool {
        matches!(self.verdict(completed), Some(Verdict::GiveUp { .. }))
    }

    /// Decides on a failed job; `None` if its lease is lost.
    fn verdict(&self, completed: &Completed) -> Option<Verdict> {
        let job = &completed.job;
        let policy = self.handlers.get(job.lease.job_id.kind()).map(|handler| handler.retry_policy());
        match (&completed.outcome, policy) {
            (Err(JobError::Retry { reason, after, failure }), Some(policy)) => {
                let failures = job.lease.attempts.saturating_add(1);
                let reason = reason.clone();
                Some(if failures >= policy.max_attempts {
                    Verdict::GiveUp { reason, failure: failure.clone() }
                } else {
                    let delay = after.unwrap_or_else(|| policy.delay(failures, self.jitter.draw()));
                    Verdict::Retry { reason, delay }
                })
            }
            (Err(JobError::Fail { reason, failure }), _) => {
                Some(Verdict::GiveUp { reason: reason.clone(), failure: failure.clone() })
            }
            (Err(JobError::Interrupted { reason, after }), _) => {
                Some(Verdict::Postpone { reason: reason.clone(), delay: after.unwrap_or(INTERRUPTION) })
            }
            (Err(JobError::Blocked { reason, after, patience, failure }), _) => {
                let since = job.lease.blocked_since.unwrap_or(job.now);
                Some(if job.now - since >= *patience {
                    Verdict::GiveUp { reason: reason.clone(), failure: failure.clone() }
                } else {
                    Verdict::Block { reason: reason.clone(), delay: *after }
                })
            }
            (Err(JobError::Unreadable { reason } | JobError::Retry { reason, .. }), _) => {
                let reason = reason.clone();
                let age = job.now - job.created_at;
                Some(if age > self.settings.unreadable_patience {
                    Verdict::GiveUp { reason, failure: MailFailure::Internal }
                } else {
                    Verdict::Postpone { reason, delay: self.settings.unreadable_delay }
                })
            }
            (Err(JobError::LeaseLost) | Ok(_), _) => None,
        }
    }

    async fn record(
        &self,
        completed: &Completed,
        verdict: &Verdict,
        now: Option<OffsetDateTime>,
    ) -> Result<Ending, NotRecorded> {
        let lease = &completed.job.lease;
        let mut conn = self.pool.get().await?;
        match verdict {
            Verdict::Retry { reason, delay } => {
                rubis_jobs::retry(&mut conn, lease, *delay, reason, now).await?;
                Ok(Ending::BackAfter(*delay))
            }
            Verdict::Postpone { reason, delay } => {
                rubis_jobs::postpone(&mut conn, lease, *delay, reason, now).await?;
                Ok(Ending::BackAfter(*delay))
            }
            Verdict::Block { reason, delay } => {
                rubis_jobs::block(&mut conn, lease, *delay, reason, now).await?;
                Ok(Ending::BackAfter(*delay))
            }
            Verdict::GiveUp { reason, failure } => {
                self.give_up(&mut conn, completed, reason, failure).await?;
                Ok(Ending::GivenUp)
            }
        }
    }

    /// Makes the job a dead letter and calls its domain, in one transaction. A domain that never accepts the call
    /// does not keep the job from being dead.
    async fn give_up(
        &self,
        conn: &mut AsyncPgConnection,
        completed: &Completed,
        reason: &str,
        failure: &MailFailure,
    ) -> Result<(), NotRecorded> {
        let letter = dead_letter(completed, reason, failure);
        if completed.failed_callbacks >= CALLBACK_TRIES {
            tracing::error!(queue = %self.queue, job = %letter.job_id, "job given up without its dead-letter callback");
            return mark_dead(conn, completed, reason).await;
        }
        let recorded = conn
            .transaction(async |conn| {
                // The domain first: it locks what is its own before the job's row, as it does
                // wherever it enqueues and cancels.
                match self.handlers.dead_letter(conn, &completed.job.payload, &letter).await {
                    Ok(()) => mark_dead(conn, completed, reason).await,
                    Err(error @ JobError::Interrupted { .. }) => Err(NotRecorded::Other(error)),
                    Err(error) => Err(NotRecorded::Callback(error)),
                }
            })
            .await;
        match recorded {
            Err(NotRecorded::Callback(error @ (JobError::Fail { .. } | JobError::Unreadable { .. }))) => {
                metrics::callback_failed(self.queue);
                tracing::error!(queue = %self.queue, job = %letter.job_id, %error, "dead-letter callback refused");
                mark_dead(conn, completed, reason).await
            }
            recorded => recorded,
        }
    }
}

fn dead_letter(completed: &Completed, reason: &str, failure: &MailFailure) -> DeadLetter {
    let job = &completed.job;
    DeadLetter {
        job_id: job.lease.job_id.clone(),
        cause: if completed.is_quarantined { DeadLetterCause::Quarantined } else { DeadLetterCause::Failed },
        organization: job.organization,
        error: reason.to_owned(),
        failure: failure.clone(),
        attempts: job.lease.attempts.saturating_add(u32::from(!completed.is_quarantined)),
        now: job.now,
    }
}

async fn mark_dead(
    conn: &mut AsyncPgConnection,
    completed: &Completed,
    reason: &str,
) -> Result<(), NotRecorded> {
    let lease = &completed.job.lease;
    if completed.is_quarantined {
        rubis_jobs::quarantine(conn, lease, reason).await?;
    } else {
        rubis_jobs::make_dead_letter(conn, lease, reason).await?;
    }
    Ok(())
}
