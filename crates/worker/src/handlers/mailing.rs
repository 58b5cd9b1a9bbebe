//! Sends a mail for a job: claims it, hands it to the mail server, records how that went.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use rubis_accounts::notify_of_mail_outage;
use rubis_db::{AsyncPgConnection, PoolError};
use rubis_invoices::Reason;
use rubis_jobs::{FinishError, Job, JobError, JobId};
use rubis_kernel::{Email, EmailAddress, MailFailure, RenderError, sha256};
use rubis_mailer::{Mailer, SendError};
use rubis_queue::{DeadLetter, DeadLetterCause, Finished, Handler, JobContext};
use rubis_runtime::MailRate;
use time::OffsetDateTime;

use super::breaker::{Admission, Breaker};

/// The time for which a mail waits for a mail server that is away.
const PATIENCE: Duration = Duration::from_secs(24 * 3_600);

/// The pauses between tries to record a sent mail.
#[derive(Clone, Copy, Debug)]
struct RecordPauses {
    /// If the database refuses it.
    refusal: Duration,
    /// While the database is away. There is no last try: the lease is renewed as long as the job is held, and to let
    /// it go would send the mail twice.
    outage: Duration,
}

const RECORD_PAUSES: RecordPauses =
    RecordPauses { refusal: Duration::from_millis(250), outage: Duration::from_secs(1) };

/// Number of tries to record a sent mail that the database refuses.
const RECORD_TRIES: u32 = 40;

/// A kind of job that is one mail: what is to be sent, and what its domain is told of how that went.
#[async_trait]
pub trait Mailing: Send + Sync + 'static {
    /// The kind.
    type Job: Job;

    /// Decides in one transaction what is to be sent. Where it is nothing, that is recorded and the job is
    /// finished. The connection is its own, so that none is held while somebody else is asked.
    async fn claim(&self, context: &JobContext, job: &Self::Job) -> Result<Option<Email>, JobError>;

    /// Records that the mail server took the mail, and finishes the job.
    async fn record_sent(
        &self,
        conn: &mut AsyncPgConnection,
        context: &JobContext,
        job: &Self::Job,
        sent: Sent<'_>,
    ) -> Result<(), FinishError>;

    /// Records that the mail server did not take the mail this time. A mail that may have left at an earlier attempt
    /// stays as it is.
    async fn record_not_sent_yet(
        &self,
        _conn: &mut AsyncPgConnection,
        _context: &JobContext,
        _job: &Self::Job,
    ) -> Result<(), FinishError> {
        Ok(())
    }

    /// Records that the mail is given up, in the transaction that makes the job a dead letter or drops it. A mail
    /// that nothing waits for says so here.
    async fn record_given_up(
        &self,
        conn: &mut AsyncPgConnection,
        job: &Self::Job,
        given_up: GivenUp<'_>,
    ) -> Result<(), diesel::result::Error>;
}

/// A mail that the mail server took.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// The instant at which it was taken.
    pub at: OffsetDateTime,
    /// Copies that the mail server refused for good.
    pub refused_copies: &'a [EmailAddress],
}

/// Cause and time of giving a mail up.
#[derive(Clone, Copy, Debug)]
pub struct GivenUp<'a> {
    /// The cause.
    pub cause: DeadLetterCause,
    /// The last failure.
    pub failure: &'a MailFailure,
    /// Time at which the last attempt was claimed.
    pub now: OffsetDateTime,
}

/// The reason for which check-ins have failed whose job was given up.
pub(super) fn checkin_reason(cause: DeadLetterCause, failure: &MailFailure) -> Reason {
    match cause {
        DeadLetterCause::Dropped => Reason::DroppedByOperations,
        DeadLetterCause::Failed | DeadLetterCause::Quarantined => Reason::of(failure),
    }
}

/// The end of the job of a mail that cannot be written: the next attempt would write the same.
pub(super) fn not_written(error: &RenderError) -> JobError {
    JobError::fail(error).because(MailFailure::from(error))
}

/// The way to the mail server, which all mails share: when it is away, it is away for all of them.
pub struct Outbox {
    mailer: Arc<dyn Mailer>,
    breaker: Arc<Breaker>,
    rate: Arc<MailRate>,
}

impl Outbox {
    /// Over this mailer, at this rate.
    pub fn new(mailer: Arc<dyn Mailer>, rate: Arc<MailRate>) -> Self {
        Self { mailer, breaker: Arc::default(), rate }
    }
}

/// Returns the end of a run of a job whose mail server is away: it comes back when a mail may be tried again, spread
/// over half as long, and no attempt is counted.
fn blocked(job: &impl Job, reason: impl fmt::Display, wait: Duration) -> JobError {
    let share = sha256(job.id().as_str().as_bytes()).first().map_or(0, |byte| u32::from(*byte));
    let spread = wait.saturating_mul(share) / 512;
    JobError::Blocked {
        reason: reason.to_string(),
        after: wait + spread,
        patience: PATIENCE,
        failure: MailFailure::Unavailable,
    }
}

/// Handles a kind of job that is one mail.
pub struct MailHandler<M> {
    mailing: M,
    outbox: Arc<Outbox>,
}

impl<M: Mailing> MailHandler<M> {
    /// Sends this kind of mails that way.
    pub const fn new(mailing: M, outbox: Arc<Outbox>) -> Self {
        Self { mailing, outbox }
    }

    async fn not_sent(
        &self,
        context: &JobContext,
        job: &M::Job,
        (error, admission, now): (&SendError, Admission, OffsetDateTime),
    ) -> Result<Finished, JobError> {
        let end = match error {
            SendError::Invalid(_) => return Err(JobError::fail(error).because(error.failure())),
            SendError::Rejected { .. } => {
                admission.server_answered();
                return Err(JobError::fail(error).because(error.failure()));
            }
            SendError::Unavailable { may_be_the_mail: true, retry_after, .. } => {
                let job_id = &context.lease.job_id;
                blocked(job, error, admission.server_may_be_away(job_id, now, *retry_after))
            }
            SendError::Unavailable { retry_after, .. } => {
                blocked(job, error, admission.server_is_away(now, *retry_after))
            }
            SendError::Configuration { .. } => blocked(job, error, admission.server_is_away(now, None)),
            SendError::Transient { retry_after, failure, .. } => {
                // A connection that broke says nothing about either.
                if matches!(failure, MailFailure::Deferred(_)) {
                    admission.server_answered();
                }
                let end = match retry_after {
                    Some(wait) => JobError::retry_after(error, *wait),
                    None => JobError::retry(error),
                };
                end.because(failure.clone())
            }
        };
        // The same text is repeated then, and the mail cannot be called off.
        if !error.may_have_left() {
            let mut conn = context.pool.get().await?;
            self.mailing.record_not_sent_yet(&mut conn, context, job).await?;
        }
        Err(end)
    }

    async fn record(&self, context: &JobContext, job: &M::Job, sent: Sent<'_>) -> Result<(), RecordError> {
        let mut conn = context.pool.get().await?;
        Ok(self.mailing.record_sent(&mut conn, context, job, sent).await?)
    }
}

/// Records that a mail was sent. A database that is away is waited for, however long: to give up would send the same
/// mail a second time.
async fn record_with_retries<F>(
    job: &JobId,
    pauses: RecordPauses,
    record: impl Fn() -> F,
) -> Result<(), JobError>
where
    F: Future<Output = Result<(), RecordError>>,
{
    let mut refusals = 0;
    loop {
        let error = match record().await {
            Ok(()) => return Ok(()),
            Err(RecordError::Finish(FinishError::LeaseLost)) => return Err(JobError::LeaseLost),
            Err(error) => error,
        };
        let is_outage = error.is_outage();
        refusals += u32::from(!is_outage);
        if refusals == RECORD_TRIES {
            tracing::error!(%job, %error, "sent mail not recorded, given up");
            // To run the job again would send the mail again: a person decides.
            return Err(JobError::fail(format!(
                "the mail may have left, and that could not be recorded: {error}"
            )));
        }
        tracing::warn!(%job, %error, "sent mail not recorded yet");
        tokio::time::sleep(if is_outage { pauses.outage } else { pauses.refusal }).await;
    }
}

/// Errors of recording a sent mail.
#[derive(Debug, thiserror::Error)]
enum RecordError {
    #[error(transparent)]
    Pool(#[from] PoolError),
    #[error(transparent)]
    Finish(#[from] FinishError),
}

impl RecordError {
    /// Reports whether the database is away, and has not refused anything.
    fn is_outage(&self) -> bool {
        match self {
            Self::Pool(_) => true,
            Self::Finish(FinishError::Database(error)) => rubis_db::interruption(error).is_some(),
            Self::Finish(FinishError::LeaseLost) => false,
        }
    }
}

#[async_trait]
impl<M: Mailing> Handler for MailHandler<M> {
    type Job = M::Job;

    async fn run(&self, context: JobContext, job: M::Job) -> Result<Finished, JobError> {
        let admission = self.outbox.breaker.admit(context.now);
        let admission = admission.map_err(|wait| blocked(&job, "the mail server is not available", wait))?;
        let Some(email) = self.mailing.claim(&context, &job).await? else { return Ok(Finished::Recorded) };
        // A repetition has to be the same message: a trace that begins with this run is no part of it.
        let email = Email { trace: context.trace, ..email };
        let started = Instant::now();
        let job_id = &context.lease.job_id;
        let permit = self.outbox.rate.wait_for_permit(job.organization(), job_id.as_str(), context.now).await;
        if let Err(wait) = permit {
            let mut conn = context.pool.get().await?;
            self.mailing.record_not_sent_yet(&mut conn, &context, &job).await?;
            return Err(JobError::interrupted("the rate of mails is used up", Some(wait)));
        }
        let outcome = self.outbox.mailer.send(&email).await;
        // A server may take its time; only the database's clock and what passed here are believed.
        let now = context.now + Duration::from_secs(started.elapsed().as_secs());
        match outcome {
            Ok(receipt) => {
                admission.server_answered();
                let sent = Sent { at: now, refused_copies: &receipt.refused_copies };
                let record = || self.record(&context, &job, sent);
                record_with_retries(&job.id(), RECORD_PAUSES, record).await?;
                tracing::info!(
                    job = %job.id(),
                    organization = job.organization().map(tracing::field::display),
                    message_id = email.message_id,
                    reference = receipt.reference,
                    "mail sent",
                );
                Ok(Finished::Recorded)
            }
            Err(error) => self.not_sent(&context, &job, (&error, admission, now)).await,
        }
    }

    async fn on_dead_letter(
        &self,
        conn: &mut AsyncPgConnection,
        job: M::Job,
        letter: &DeadLetter,
    ) -> Result<(), JobError> {
        let given_up = GivenUp { cause: letter.cause, failure: &letter.failure, now: letter.now };
        self.mailing.record_given_up(conn, &job, given_up).await?;
        if letter.failure == MailFailure::Unavailable
            && let Some(organization) = job.organization()
        {
            notify_of_mail_outage(conn, organization, letter.now).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const NO_PAUSES: RecordPauses = RecordPauses { refusal: Duration::ZERO, outage: Duration::ZERO };

    /// Records after as many failures. Returns the result and the number of tries.
    async fn record_after(
        failures: u32,
        failure: impl Fn() -> RecordError + Send + Sync,
    ) -> (Result<(), JobError>, u32) {
        let tries = AtomicU32::new(0);
        let recorded = record_with_retries(&JobId::new("relance", 1), NO_PAUSES, || {
            let fails = tries.fetch_add(1, Ordering::Relaxed) < failures;
            std::future::ready(if fails { Err(failure()) } else { Ok(()) })
        })
        .await;
        (recorded, tries.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn a_sent_mail_is_recorded_however_long_the_database_was_away() {
        let away = || RecordError::Pool(PoolError::TimedOut);
        assert_eq!(record_after(1_000, away).await, (Ok(()), 1_001));
    }

    #[tokio::test]
    async fn a_record_that_the_database_refuses_is_tried_a_limited_number_of_times() {
        let refused = || RecordError::Finish(FinishError::Database(diesel::result::Error::NotFound));
        assert_eq!(record_after(39, refused).await, (Ok(()), 40));
        let (given_up, tries) = record_after(1_000, refused).await;
        assert!(matches!(given_up, Err(JobError::Fail { .. })), "it is not sent again: {given_up:?}");
        assert_eq!(tries, 40);
    }

    #[tokio::test]
    async fn nothing_is_recorded_once_another_worker_has_the_job() {
        let lost = || RecordError::Finish(FinishError::LeaseLost);
        assert_eq!(record_after(1, lost).await, (Err(JobError::LeaseLost), 1));
    }
}
