//! Tells the owner of an organization that a payment failed.

use async_trait::async_trait;
use rubis_billing::{PaymentFailedMail, claim_payment_failed_mail, give_payment_failed_mail_up};
use rubis_db::AsyncPgConnection;
use rubis_jobs::{FinishError, JobError};
use rubis_kernel::Email;
use rubis_queue::JobContext;

use super::{
    HandlerParts,
    mailing::{GivenUp, Mailing, Sent},
    send_trial_recap::not_written,
};

/// The mails about failed payments.
pub struct PaymentFailedMails {
    pub parts: HandlerParts,
}

#[async_trait]
impl Mailing for PaymentFailedMails {
    type Job = PaymentFailedMail;

    async fn claim(&self, context: &JobContext, job: &PaymentFailedMail) -> Result<Option<Email>, JobError> {
        let mut conn = context.pool.get().await?;
        let terms = self.parts.billing.terms(&self.parts.sender);
        let claimed = claim_payment_failed_mail(&mut conn, &terms, job, &context.lease, context.now).await;
        let email = claimed.map_err(not_written)?;
        if email.is_none() {
            tracing::info!(invoice = %job.stripe_invoice_id, "payment mail skipped, no payment missing");
        }
        Ok(email)
    }

    async fn record_sent(
        &self,
        conn: &mut AsyncPgConnection,
        context: &JobContext,
        _job: &PaymentFailedMail,
        _sent: Sent<'_>,
    ) -> Result<(), FinishError> {
        context.lease.finish(conn).await
    }

    async fn record_given_up(
        &self,
        conn: &mut AsyncPgConnection,
        job: &PaymentFailedMail,
        given_up: GivenUp<'_>,
    ) -> Result<(), diesel::result::Error> {
        give_payment_failed_mail_up(conn, job, given_up.now).await
    }
}
