//! Sends the owner of an organization the recap of their trial.

use async_trait::async_trait;
use rubis_billing::{RecapError, TrialRecap, record_recap_sent};
use rubis_db::AsyncPgConnection;
use rubis_jobs::{FinishError, JobError};
use rubis_kernel::Email;
use rubis_lifecycle::claim_trial_recap;
use rubis_queue::JobContext;

use super::{
    HandlerParts,
    mailing::{self, GivenUp, Mailing, Sent},
};

/// The recaps. The daily round asks again for one that was given up, while the trial goes on.
pub struct TrialRecaps {
    pub parts: HandlerParts,
}

/// Returns the end of the job of a mail about a subscription that cannot be written.
pub(super) fn not_written(error: RecapError) -> JobError {
    match error {
        RecapError::LeaseLost => JobError::LeaseLost,
        RecapError::NoOwner => JobError::fail(error),
        RecapError::Render(error) => mailing::not_written(&error),
        RecapError::Stripe(error) => JobError::retry(error),
        RecapError::Pool(error) => error.into(),
        RecapError::Database(error) => error.into(),
    }
}

#[async_trait]
impl Mailing for TrialRecaps {
    type Job = TrialRecap;

    async fn claim(&self, context: &JobContext, job: &TrialRecap) -> Result<Option<Email>, JobError> {
        // Without Stripe's key, as where subscriptions were switched off, the recap tells no amount.
        let stripe = self.parts.billing.stripe.as_deref();
        let terms = self.parts.billing.terms(&self.parts.sender);
        let claimed =
            claim_trial_recap(&context.pool, stripe, &terms, job, &context.lease, context.now).await;
        let email = claimed.map_err(not_written)?;
        if email.is_none() {
            tracing::info!(subscription = %job.subscription_id, "trial recap skipped");
        }
        Ok(email)
    }

    async fn record_sent(
        &self,
        conn: &mut AsyncPgConnection,
        context: &JobContext,
        job: &TrialRecap,
        sent: Sent<'_>,
    ) -> Result<(), FinishError> {
        record_recap_sent(conn, job, &context.lease, sent.at).await
    }

    /// The daily round asks again while the trial goes on.
    async fn record_given_up(
        &self,
        _conn: &mut AsyncPgConnection,
        job: &TrialRecap,
        _given_up: GivenUp<'_>,
    ) -> Result<(), diesel::result::Error> {
        tracing::warn!(subscription = %job.subscription_id, organization = %job.organization_id, "trial recap given up");
        Ok(())
    }
}
