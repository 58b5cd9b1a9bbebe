//! Sends a mail about a user's account.

use async_trait::async_trait;
use rubis_accounts::{AccountMail, AccountMailError, AccountMailTerms, claim_account_mail};
use rubis_db::AsyncPgConnection;
use rubis_jobs::{FinishError, JobError};
use rubis_kernel::Email;
use rubis_queue::JobContext;

use super::{
    HandlerParts,
    mailing::{GivenUp, Mailing, Sent},
};

/// The mails about accounts.
pub struct AccountMails {
    /// The parts that they are written with.
    pub parts: HandlerParts,
}

#[async_trait]
impl Mailing for AccountMails {
    type Job = AccountMail;

    async fn claim(&self, context: &JobContext, job: &AccountMail) -> Result<Option<Email>, JobError> {
        let mut conn = context.pool.get().await?;
        let terms = AccountMailTerms {
            sender: &self.parts.sender.address,
            links: &self.parts.accounts.links,
            keys: &self.parts.accounts.keys,
        };
        match claim_account_mail(&mut conn, &terms, job, &context.lease, context.now).await {
            Ok(email) => {
                if email.is_none() {
                    tracing::info!(user = %job.user_id, mail = %job.mail, "account mail no longer wanted");
                }
                Ok(email)
            }
            Err(AccountMailError::LeaseLost) => Err(JobError::LeaseLost),
            Err(AccountMailError::Database(error)) => Err(error.into()),
            Err(error @ AccountMailError::Render(_)) => Err(JobError::fail(error)),
        }
    }

    async fn record_sent(
        &self,
        conn: &mut AsyncPgConnection,
        context: &JobContext,
        _job: &AccountMail,
        _sent: Sent<'_>,
    ) -> Result<(), FinishError> {
        context.lease.finish(conn).await
    }

    /// The user can ask for another mail with a link, and nothing waits for a notice.
    async fn record_given_up(
        &self,
        _conn: &mut AsyncPgConnection,
        job: &AccountMail,
        _given_up: GivenUp<'_>,
    ) -> Result<(), diesel::result::Error> {
        tracing::warn!(user = %job.user_id, mail = %job.mail, "account mail given up");
        Ok(())
    }
}
