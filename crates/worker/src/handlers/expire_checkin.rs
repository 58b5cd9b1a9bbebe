//! Ends the life of a check-in's links.

use async_trait::async_trait;
use rubis_checkins::ExpireCheckin;
use rubis_jobs::JobError;
use rubis_lifecycle::expire_checkin;
use rubis_queue::{Finished, Handler, JobContext};

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
}
