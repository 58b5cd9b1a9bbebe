//! Sends a reminder: claims it, hands it to the mail server, records how that went.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use rubis_db::{AsyncPgConnection, PoolError};
use rubis_jobs::{FinishError, JobError};
use rubis_kernel::Email;
use rubis_mailer::SendError;
use rubis_queue::{Death, Finished, Handler, JobContext};
use rubis_relances::{
    ClaimError, Claimed, Reason, SendRelance, claim_relance, record_failed, record_not_sent_yet, record_sent,
};

use time::OffsetDateTime;

use super::HandlerParts;

/// How the error of a mail that was refused for good begins, by which its death is told from one of
/// too many attempts.
const REFUSED: &str = "refused by the mail server: ";

/// How long nothing is sent after the mail server refused us.
const REFUSAL_PAUSE: Duration = Duration::from_secs(60);

/// How often, and how long apart, recording a sent mail is tried before the job is left to the end
/// of its lease.
const RECORD_TRIES: u32 = 40;
const RECORD_PAUSE: Duration = Duration::from_millis(250);

/// Sends reminders.
pub struct SendRelanceHandler {
    parts: HandlerParts,
    /// Until when nothing is sent, as Unix time: the mail server refuses us, whatever we send.
    refused_until: AtomicI64,
}

impl SendRelanceHandler {
    /// With these to send with.
    pub const fn new(parts: HandlerParts) -> Self {
        Self { parts, refused_until: AtomicI64::new(0) }
    }

    /// While the mail server refuses us, the few reminders that run at once find out each minute whether
    /// it still does, and all others wait without asking: a server that is asked thousands of times with
    /// a wrong password shuts us out.
    fn check_not_refused(&self, now: OffsetDateTime) -> Result<(), JobError> {
        let wait = self.refused_until.load(Ordering::Relaxed) - now.unix_timestamp();
        match u64::try_from(wait) {
            Ok(seconds) if seconds > 0 => Err(JobError::interrupted(
                "the mail server does not take our mails",
                Some(Duration::from_secs(seconds)),
            )),
            _ => Ok(()),
        }
    }

    /// Claims the reminder in one transaction. The connection goes back before anything is sent.
    async fn claim(&self, context: &JobContext, job: &SendRelance) -> Result<Option<Email>, JobError> {
        let mut conn = context.pool.get().await?;
        let claimed = claim_relance(&mut conn, &self.parts.sender, job, &context.lease, context.now).await;
        match claimed {
            Ok(Claimed::Send(email)) => Ok(Some(*email)),
            Ok(Claimed::Settled(reason)) => {
                tracing::info!(relance = %job.task_id, ?reason, "a reminder does not leave");
                Ok(None)
            }
            Err(ClaimError::LeaseLost) => Err(JobError::LeaseLost),
            Err(ClaimError::Database(error)) => Err(error.into()),
            Err(error @ ClaimError::Text(_)) => Err(JobError::fail(error)),
        }
    }

    async fn not_sent(
        &self,
        context: &JobContext,
        job: &SendRelance,
        error: &SendError,
    ) -> Result<Finished, JobError> {
        if error.is_final() {
            return Err(JobError::fail(format!("{REFUSED}{error}")));
        }
        let mut conn = context.pool.get().await?;
        record_not_sent_yet(&mut conn, job, &context.lease, context.now).await?;
        Err(match error {
            // The server refuses us, not this mail: the reminder waits until that is mended.
            SendError::Configuration { .. } => {
                let until = context.now + REFUSAL_PAUSE;
                self.refused_until.store(until.unix_timestamp(), Ordering::Relaxed);
                JobError::interrupted(error, Some(REFUSAL_PAUSE))
            }
            SendError::Transient { retry_after: Some(wait), .. } => JobError::retry_after(error, *wait),
            _ => JobError::retry(error),
        })
    }
}

#[async_trait]
impl Handler for SendRelanceHandler {
    type Job = SendRelance;

    async fn run(&self, context: JobContext, job: SendRelance) -> Result<Finished, JobError> {
        self.check_not_refused(context.now)?;
        let Some(email) = self.claim(&context, &job).await? else { return Ok(Finished::Recorded) };
        match self.parts.mailer.send(&email).await {
            Ok(receipt) => {
                record_until_it_is(&context, &job).await?;
                tracing::info!(
                    relance = %job.task_id,
                    organization = %job.organization_id,
                    message_id = email.message_id,
                    reference = receipt.reference,
                    "a reminder was sent",
                );
                Ok(Finished::Recorded)
            }
            Err(error) => self.not_sent(&context, &job, &error).await,
        }
    }

    async fn on_dead(
        &self,
        conn: &mut AsyncPgConnection,
        job: SendRelance,
        death: &Death,
    ) -> Result<(), JobError> {
        let (reason, detail) = match death.error.strip_prefix(REFUSED) {
            Some(detail) => (Reason::Rejected, detail),
            None => (Reason::AttemptsExhausted, death.error.as_str()),
        };
        Ok(record_failed(conn, &job, reason, detail, death.now).await?)
    }
}

/// Why a sent mail could not be recorded yet.
#[derive(Debug, thiserror::Error)]
enum RecordError {
    #[error(transparent)]
    Pool(#[from] PoolError),
    #[error(transparent)]
    Finish(#[from] FinishError),
}

/// Records that the mail left. It did, so a database that is away for a moment is waited for: to
/// give up at once would send the same mail a second time.
async fn record_until_it_is(context: &JobContext, job: &SendRelance) -> Result<(), JobError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match record(context, job).await {
            Ok(()) => return Ok(()),
            Err(RecordError::Finish(FinishError::LeaseLost)) => return Err(JobError::LeaseLost),
            Err(error) if tries == RECORD_TRIES => {
                tracing::error!(relance = %job.task_id, %error, "a sent reminder could not be recorded");
                return Err(JobError::LeaseLost);
            }
            Err(error) => {
                tracing::warn!(relance = %job.task_id, %error, "a sent reminder is not recorded yet");
                tokio::time::sleep(RECORD_PAUSE).await;
            }
        }
    }
}

async fn record(context: &JobContext, job: &SendRelance) -> Result<(), RecordError> {
    let mut conn = context.pool.get().await?;
    Ok(record_sent(&mut conn, job, &context.lease, context.now).await?)
}
