//! Puts the check-ins of an organization that are due into a mail.

use async_trait::async_trait;
use rubis_checkins::{GatherCheckins, gather};
use rubis_db::AsyncPgConnection;
use rubis_jobs::JobError;
use rubis_lifecycle::record_checkin_not_gathered;
use rubis_queue::{DeadLetter, Finished, Handler, JobContext};

use super::mailing::checkin_reason;

/// One mail for all that are due the same morning: whichever of their jobs runs first makes it.
pub struct GatherCheckinsHandler;

#[async_trait]
impl Handler for GatherCheckinsHandler {
    type Job = GatherCheckins;

    async fn run(&self, context: JobContext, job: GatherCheckins) -> Result<Finished, JobError> {
        let mut conn = context.pool.get().await?;
        let gathered = gather(&mut conn, &job, &context.lease, context.now).await?;
        tracing::info!(checkin = %job.task_id, organization = %job.organization_id, ?gathered, "check-in gathered");
        Ok(Finished::Recorded)
    }

    async fn on_dead_letter(
        &self,
        conn: &mut AsyncPgConnection,
        job: GatherCheckins,
        letter: &DeadLetter,
    ) -> Result<(), JobError> {
        let reason = checkin_reason(letter.cause, &letter.failure);
        Ok(record_checkin_not_gathered(conn, &job, reason, &letter.failure, letter.now).await?)
    }
}
