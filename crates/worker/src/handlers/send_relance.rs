//! Sends a reminder.

use async_trait::async_trait;
use rubis_db::AsyncPgConnection;
use rubis_invoices::Reason;
use rubis_jobs::{FinishError, JobError};
use rubis_kernel::{Email, RenderError};
use rubis_lifecycle::SubscriptionLimits;
use rubis_queue::{DeadLetterCause, JobContext};
use rubis_relances::{
    ClaimError, Claimed, SendRelance, Sender, TextError, claim_relance, record_failed, record_not_sent_yet,
    record_sent,
};

use super::mailing::{GivenUp, Mailing, Sent, not_written};

/// Reminders.
pub struct Relances {
    pub sender: Sender,
    /// The limits on them.
    pub limits: SubscriptionLimits,
}

#[async_trait]
impl Mailing for Relances {
    type Job = SendRelance;

    async fn claim(&self, context: &JobContext, job: &SendRelance) -> Result<Option<Email>, JobError> {
        let mut conn = context.pool.get().await?;
        match claim_relance(&mut conn, &self.sender, &self.limits, job, &context.lease, context.now).await {
            Ok(Claimed::Send(email)) => Ok(Some(*email)),
            Ok(Claimed::Settled(reason)) => {
                tracing::info!(relance = %job.task_id, ?reason, "reminder skipped");
                Ok(None)
            }
            Err(ClaimError::LeaseLost) => Err(JobError::LeaseLost),
            Err(ClaimError::Database(error)) => Err(error.into()),
            Err(ClaimError::Render(error)) => Err(not_written(&error)),
            Err(ClaimError::Text(TextError::TooLong(part))) => Err(not_written(&RenderError::TooLong(part))),
            Err(ClaimError::Text(TextError::Empty(part))) => Err(not_written(&RenderError::Empty(part))),
            Err(error @ ClaimError::Text(_)) => Err(JobError::fail(error)),
        }
    }

    async fn record_sent(
        &self,
        conn: &mut AsyncPgConnection,
        context: &JobContext,
        job: &SendRelance,
        sent: Sent<'_>,
    ) -> Result<(), FinishError> {
        record_sent(conn, job, &context.lease, sent.refused_copies, sent.at).await
    }

    async fn record_not_sent_yet(
        &self,
        conn: &mut AsyncPgConnection,
        context: &JobContext,
        job: &SendRelance,
    ) -> Result<(), FinishError> {
        record_not_sent_yet(conn, job, &context.lease, context.now).await
    }

    async fn record_given_up(
        &self,
        conn: &mut AsyncPgConnection,
        job: &SendRelance,
        given_up: GivenUp<'_>,
    ) -> Result<(), diesel::result::Error> {
        let (reason, failure) = match given_up.cause {
            DeadLetterCause::Failed => (Reason::of(given_up.failure), Some(given_up.failure)),
            DeadLetterCause::Quarantined => (Reason::Quarantined, None),
            DeadLetterCause::Dropped => (Reason::DroppedByOperations, None),
        };
        record_failed(conn, job, reason, failure, given_up.now).await
    }
}
