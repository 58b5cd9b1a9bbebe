//! Sends the owner of an organization the recap of their trial.

use std::time::Duration;

use async_trait::async_trait;
use rubis_billing::{RecapError, TrialRecap};
use rubis_db::AsyncPgConnection;
use rubis_jobs::{FinishError, JobError};
use rubis_kernel::Email;
use rubis_lifecycle::claim_trial_recap;
use rubis_queue::JobContext;
use time::OffsetDateTime;

use super::{
    HandlerParts,
    mailing::{GivenUp, Mailing},
};

/// How long a recap waits on a worker that can't ask Stripe for the price.
const WITHOUT_STRIPE: Duration = Duration::from_secs(300);

/// The recaps.
pub struct TrialRecaps {
    /// What they are written with.
    pub parts: HandlerParts,
}

/// What becomes of the job of a mail about a subscription that can't be written.
pub(super) fn not_written(error: RecapError) -> JobError {
    match error {
        RecapError::LeaseLost => JobError::LeaseLost,
        RecapError::NobodyToTell => JobError::fail(error),
        RecapError::Stripe(error) => JobError::retry(error),
        RecapError::Database(error) => error.into(),
    }
}

#[async_trait]
impl Mailing for TrialRecaps {
    type Job = TrialRecap;

    async fn claim(
        &self,
        conn: &mut AsyncPgConnection,
        context: &JobContext,
        job: &TrialRecap,
    ) -> Result<Option<Email>, JobError> {
        let Some(stripe) = &self.parts.billing.stripe else {
            // Another worker may have the key, and this one may get it.
            return Err(JobError::interrupted("STRIPE_SECRET_KEY is not set", Some(WITHOUT_STRIPE)));
        };
        let terms = self.parts.billing.terms(&self.parts.sender);
        let claimed = claim_trial_recap(conn, stripe, &terms, job, &context.lease, context.now).await;
        let email = claimed.map_err(not_written)?;
        if email.is_none() {
            tracing::info!(subscription = %job.subscription_id, "a trial needs no recap any more");
        }
        Ok(email)
    }

    async fn record_sent(
        &self,
        conn: &mut AsyncPgConnection,
        context: &JobContext,
        _job: &TrialRecap,
        _sent_at: OffsetDateTime,
    ) -> Result<(), FinishError> {
        // That it was asked for stays on record, and keeps it from being asked for again.
        context.lease.finish(conn).await
    }

    async fn record_not_sent_yet(
        &self,
        _conn: &mut AsyncPgConnection,
        _context: &JobContext,
        _job: &TrialRecap,
    ) -> Result<(), FinishError> {
        Ok(())
    }

    async fn record_given_up(
        &self,
        _conn: &mut AsyncPgConnection,
        _job: &TrialRecap,
        _given_up: GivenUp<'_>,
    ) -> Result<(), diesel::result::Error> {
        Ok(())
    }
}
