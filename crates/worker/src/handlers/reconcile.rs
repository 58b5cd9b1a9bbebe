//! Compares what waits with the jobs that it waits for.

use async_trait::async_trait;
use metrics::counter;
use rubis_db::AsyncPgConnection;
use rubis_jobs::JobError;
use rubis_lifecycle::{Finding, RECONCILED_EVERY, Reconcile, continue_reconciliation, reconcile};
use rubis_queue::{DeadLetter, Finished, Handler, JobContext};

/// One sweep at each run.
pub struct ReconcileHandler;

fn report(finding: &Finding) {
    let (kind, outcome) = (finding.kind.as_str(), finding.outcome.as_str());
    counter!("rubis_reconciliation_found_total", "kind" => kind, "outcome" => outcome).increment(1);
    let organization = finding.organization.map(tracing::field::display);
    tracing::warn!(kind, outcome, organization, id = finding.id, "reconciliation found a difference");
}

#[async_trait]
impl Handler for ReconcileHandler {
    type Job = Reconcile;

    async fn run(&self, context: JobContext, job: Reconcile) -> Result<Finished, JobError> {
        let mut conn = context.pool.get().await?;
        let (findings, next) = reconcile(&mut conn, &job, context.now).await?;
        findings.iter().for_each(report);
        continue_reconciliation(&mut conn, &context.lease, &next, context.now).await?;
        counter!("rubis_reconciliation_sweeps_total").increment(1);
        Ok(Finished::Continues(RECONCILED_EVERY))
    }

    /// Housekeeping asks for it each hour, if it is not scheduled.
    async fn on_dead_letter(
        &self,
        _conn: &mut AsyncPgConnection,
        _job: Reconcile,
        _letter: &DeadLetter,
    ) -> Result<(), JobError> {
        tracing::error!("reconciliation given up");
        Ok(())
    }
}
