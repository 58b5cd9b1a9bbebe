//! Makes the daily round for trials whose recap was not sent.

use async_trait::async_trait;
use rubis_billing::{TrialSweep, sweep_trials};
use rubis_db::AsyncPgConnection;
use rubis_jobs::JobError;
use rubis_queue::{DeadLetter, Finished, Handler, JobContext};

/// The round, which asks for the next one.
pub struct TrialSweepHandler;

#[async_trait]
impl Handler for TrialSweepHandler {
    type Job = TrialSweep;

    async fn run(&self, context: JobContext, job: TrialSweep) -> Result<Finished, JobError> {
        let mut conn = context.pool.get().await?;
        let asked_for = sweep_trials(&mut conn, &job, &context.lease, context.now).await?;
        if asked_for > 0 {
            tracing::warn!(
                recaps = asked_for,
                "recaps of ending trials were missing and are enqueued: Stripe sent no event, or the mails failed"
            );
        } else {
            tracing::info!("every ending trial has its recap");
        }
        Ok(Finished::Recorded)
    }

    /// Housekeeping asks for the next round each hour, if there is none.
    async fn on_dead_letter(
        &self,
        _conn: &mut AsyncPgConnection,
        job: TrialSweep,
        _letter: &DeadLetter,
    ) -> Result<(), JobError> {
        tracing::warn!(date = %job.date, "trial sweep given up");
        Ok(())
    }
}
