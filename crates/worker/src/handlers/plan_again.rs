//! Plans invoices of an organization again.

use async_trait::async_trait;
use rubis_jobs::JobError;
use rubis_lifecycle::{PlanAgain, PlanAgainProgress, plan_page_again};
use rubis_queue::{Finished, Handler, JobContext};

/// A hundred invoices a transaction; a worker that takes over starts from the first again, which
/// changes nothing that is planned as it should be.
pub struct PlanAgainHandler;

#[async_trait]
impl Handler for PlanAgainHandler {
    type Job = PlanAgain;

    async fn run(&self, context: JobContext, job: PlanAgain) -> Result<Finished, JobError> {
        let mut after = None;
        loop {
            // A connection a page: others want to work too.
            let mut conn = context.pool.get().await?;
            match plan_page_again(&mut conn, job.organization_id, job.scope, after, context.now).await? {
                PlanAgainProgress::After(invoice) => after = Some(invoice),
                PlanAgainProgress::Done => return Ok(Finished::Unrecorded),
            }
        }
    }
}
