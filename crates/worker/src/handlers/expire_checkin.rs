//! Ends the life of a check-in's links.

use async_trait::async_trait;
use rubis_checkins::ExpireCheckin;
use rubis_db::AsyncPgConnection;
use rubis_jobs::JobError;
use rubis_lifecycle::{end_checkin, expire_checkin};
use rubis_queue::{DeadLetter, Finished, Handler, JobContext};

/// Ends the life of a check-in's links, and tells when reminders no longer wait for an answer.
pub struct ExpireCheckinHandler;

#[async_trait]
impl Handler for ExpireCheckinHandler {
    type Job = ExpireCheckin;

    async fn run(&self, context: JobContext, job: ExpireCheckin) -> Result<Finished, JobError> {
        let mut conn = context.pool.get().await?;
        expire_checkin(&mut conn, &job, &context.lease, context.now).await?;
        Ok(Finished::Recorded)
    }

    /// The links end at once: their invoice would await an answer for ever.
    async fn on_dead_letter(
        &self,
        conn: &mut AsyncPgConnection,
        job: ExpireCheckin,
        letter: &DeadLetter,
    ) -> Result<(), JobError> {
        Ok(end_checkin(conn, &job, letter.now).await?)
    }
}
