//! Sends a mail that asks whether invoices were paid.

use async_trait::async_trait;
use rubis_checkins::{
    ClaimMailError, ClaimedMail, MailTerms, SendCheckinMail, claim_mail, record_not_sent_yet,
};
use rubis_db::AsyncPgConnection;
use rubis_jobs::{FinishError, JobError};
use rubis_kernel::Email;
use rubis_lifecycle::{record_checkin_mail_failed, record_checkins_sent};
use rubis_queue::JobContext;

use super::{
    HandlerParts,
    mailing::{GivenUp, Mailing, Sent, checkin_reason, not_written},
};

/// The questions to users.
pub struct CheckinMails {
    pub parts: HandlerParts,
}

/// Returns the terms of mails about check-ins.
pub(super) fn terms(parts: &HandlerParts) -> MailTerms<'_> {
    MailTerms {
        sender: &parts.sender.address,
        links: &parts.checkins.links,
        key: &parts.checkins.key,
        rules: &parts.checkins.rules,
    }
}

#[async_trait]
impl Mailing for CheckinMails {
    type Job = SendCheckinMail;

    async fn claim(&self, context: &JobContext, job: &SendCheckinMail) -> Result<Option<Email>, JobError> {
        let mut conn = context.pool.get().await?;
        match claim_mail(&mut conn, &terms(&self.parts), job, &context.lease, context.now).await {
            Ok(ClaimedMail::Send(email)) => Ok(Some(*email)),
            Ok(ClaimedMail::Settled) => {
                tracing::info!(mail = %job.mail_id, "check-in mail skipped, no question open");
                Ok(None)
            }
            Err(ClaimMailError::LeaseLost) => Err(JobError::LeaseLost),
            Err(ClaimMailError::Database(error)) => Err(error.into()),
            Err(ClaimMailError::Render(error)) => Err(not_written(&error)),
            Err(error @ ClaimMailError::NoOwner) => Err(JobError::fail(error)),
        }
    }

    async fn record_sent(
        &self,
        conn: &mut AsyncPgConnection,
        context: &JobContext,
        job: &SendCheckinMail,
        sent: Sent<'_>,
    ) -> Result<(), FinishError> {
        record_checkins_sent(conn, job, &context.lease, &self.parts.checkins.rules, sent.at).await
    }

    async fn record_not_sent_yet(
        &self,
        conn: &mut AsyncPgConnection,
        context: &JobContext,
        job: &SendCheckinMail,
    ) -> Result<(), FinishError> {
        record_not_sent_yet(conn, job, &context.lease, context.now).await
    }

    async fn record_given_up(
        &self,
        conn: &mut AsyncPgConnection,
        job: &SendCheckinMail,
        given_up: GivenUp<'_>,
    ) -> Result<(), diesel::result::Error> {
        let reason = checkin_reason(given_up.cause, given_up.failure);
        record_checkin_mail_failed(conn, job, reason, given_up.failure, given_up.now).await
    }
}
