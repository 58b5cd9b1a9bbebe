//! Plans invoices of an organization again.

use async_trait::async_trait;
use rubis_db::AsyncPgConnection;
use rubis_jobs::JobError;
use rubis_lifecycle::{PlanAgain, PlanningRun, drop_planning_request, run_planning_page};
use rubis_queue::{DeadLetter, DeadLetterCause, Finished, Handler, JobContext};

/// Plans one page of invoices at each run, and gives its slot and its connection back in between.
pub struct PlanAgainHandler;

#[async_trait]
impl Handler for PlanAgainHandler {
    type Job = PlanAgain;

    async fn run(&self, context: JobContext, job: PlanAgain) -> Result<Finished, JobError> {
        let mut conn = context.pool.get().await?;
        Ok(match run_planning_page(&mut conn, &job, &context.lease, context.now).await? {
            PlanningRun::Finished => Finished::Recorded,
            PlanningRun::Continues(wait) => Finished::Continues(wait),
        })
    }

    /// The request stays with its cursor: the next change or an operator revives the job. A dropped job takes the
    /// request with it.
    async fn on_dead_letter(
        &self,
        conn: &mut AsyncPgConnection,
        job: PlanAgain,
        letter: &DeadLetter,
    ) -> Result<(), JobError> {
        if letter.cause == DeadLetterCause::Dropped {
            drop_planning_request(conn, &job).await?;
        }
        Ok(())
    }
}
