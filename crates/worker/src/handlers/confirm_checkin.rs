//! Confirms to the user by mail that they declared invoices paid.

use async_trait::async_trait;
use rubis_checkins::ConfirmCheckin;
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_jobs::{FinishError, JobError};
use rubis_kernel::Email;
use rubis_lifecycle::{ConfirmCheckinError, compose_checkin_confirmation};
use rubis_queue::JobContext;

use super::{
    HandlerParts,
    mailing::{self, GivenUp, Mailing, Sent},
    send_checkin_mail::terms,
};

/// The confirmations. What they confirm is on record: nothing else depends on whether one arrives.
pub struct CheckinConfirmations {
    pub parts: HandlerParts,
}

#[async_trait]
impl Mailing for CheckinConfirmations {
    type Job = ConfirmCheckin;

    async fn claim(&self, context: &JobContext, job: &ConfirmCheckin) -> Result<Option<Email>, JobError> {
        let mut conn = context.pool.get().await?;
        conn.transaction(async |conn| {
            let email = compose_checkin_confirmation(conn, &terms(&self.parts), job).await;
            let email = email.map_err(not_written)?;
            match email {
                Some(_) => context.lease.confirm(conn).await?,
                None => context.lease.finish(conn).await?,
            }
            Ok(email)
        })
        .await
    }

    async fn record_sent(
        &self,
        conn: &mut AsyncPgConnection,
        context: &JobContext,
        _job: &ConfirmCheckin,
        _sent: Sent<'_>,
    ) -> Result<(), FinishError> {
        context.lease.finish(conn).await
    }

    /// Nothing waits for the confirmation.
    async fn record_given_up(
        &self,
        _conn: &mut AsyncPgConnection,
        job: &ConfirmCheckin,
        _given_up: GivenUp<'_>,
    ) -> Result<(), diesel::result::Error> {
        tracing::warn!(checkin = %job.task_id, organization = %job.organization_id, "check-in confirmation given up");
        Ok(())
    }
}

fn not_written(error: ConfirmCheckinError) -> JobError {
    match error {
        ConfirmCheckinError::Render(error) => mailing::not_written(&error),
        ConfirmCheckinError::Database(error) => error.into(),
    }
}
