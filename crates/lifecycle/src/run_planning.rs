//! Runs a planning request one page at a time.

use std::time::Duration;

use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_jobs::{FinishError, Job as _, Lease};
use rubis_kernel::InvoiceId;
use rubis_relances::PlanningTrigger;
use time::OffsetDateTime;

use crate::{
    PlanAgain, PlanAgainProgress, plan_again,
    queries::planning_requests::{self, PlanningRequest},
    request_planning::{self, RequestedBy, scope_key},
};

/// The longest time for which changes that keep coming postpone a pass. One that begins before the last change
/// has settled is followed by another.
const MAX_POSTPONEMENT: time::Duration = time::Duration::seconds(30);

/// The state of a planning request after one run of its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanningRun {
    /// Every invoice of the scope follows the last change, and the job is finished.
    Finished,
    /// The job was rescheduled, and continues after this wait.
    Continues(Duration),
}

/// Plans one page of a request's invoices and moves its cursor, in one transaction with the job.
///
/// A pass goes through all invoices of the scope in the order of their ids. A change that comes during a pass
/// applies to its remaining pages at once; at the end the job starts over, once for any number of changes. So
/// changes that never cease delay no invoice by more than two passes.
///
/// # Errors
/// Returns [`FinishError::LeaseLost`] if another worker may have the job.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn run_planning_page(
    conn: &mut AsyncPgConnection,
    job: &PlanAgain,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<PlanningRun, FinishError> {
    conn.transaction(async |conn| {
        if lease.job_id != job.id() {
            // The release before wrote a job for each change, and no request.
            let by = RequestedBy::Change;
            request_planning::request(conn, job.organization_id, job.scope, by, now).await?;
            lease.finish(conn).await?;
            return Ok(PlanningRun::Finished);
        }
        // Read before the settings: a change in between leads to another pass, and never to a missed one.
        let key = scope_key(job.scope);
        let Some(request) = planning_requests::find(conn, job.organization_id, &key).await? else {
            lease.finish(conn).await?;
            return Ok(PlanningRun::Finished);
        };
        let Some(pass_generation) = pass_generation(&request, now) else {
            lease.reschedule(conn, request.not_before).await?;
            return Ok(PlanningRun::Continues(wait(request.not_before, now)));
        };
        let after = request.after_invoice_id.map(InvoiceId::from);
        let trigger = if request.at_once { PlanningTrigger::Resumed } else { PlanningTrigger::RulesChanged };
        match plan_again::plan_page(conn, job.organization_id, (job.scope, after), trigger, now).await? {
            PlanAgainProgress::After(invoice) => {
                let organization = job.organization_id;
                planning_requests::move_cursor(conn, organization, &key, pass_generation, invoice).await?;
                lease.reschedule(conn, now).await?;
                Ok(PlanningRun::Continues(Duration::ZERO))
            }
            PlanAgainProgress::Done => end_pass(conn, job, lease, pass_generation, now).await,
        }
    })
    .await
}

/// The generation that the pass covers; `None` if it is not to begin yet.
fn pass_generation(request: &PlanningRequest, now: OffsetDateTime) -> Option<i64> {
    if let Some(running) = request.pass_generation {
        return Some(running);
    }
    if now >= request.not_before {
        return Some(request.generation);
    }
    (now >= request.waiting_since + MAX_POSTPONEMENT).then(|| request.generation.saturating_sub(1))
}

/// Finishes the job if nothing changed since the pass began. Otherwise starts over.
async fn end_pass(
    conn: &mut AsyncPgConnection,
    job: &PlanAgain,
    lease: &Lease,
    pass_generation: i64,
    now: OffsetDateTime,
) -> Result<PlanningRun, FinishError> {
    let key = scope_key(job.scope);
    if planning_requests::delete_if_covered(conn, job.organization_id, &key, pass_generation).await? {
        lease.finish(conn).await?;
        return Ok(PlanningRun::Finished);
    }
    let not_before = planning_requests::start_over(conn, job.organization_id, &key, now).await?;
    lease.reschedule(conn, not_before.max(now)).await?;
    Ok(PlanningRun::Continues(wait(not_before, now)))
}

fn wait(until: OffsetDateTime, now: OffsetDateTime) -> Duration {
    Duration::try_from(until - now).unwrap_or_default()
}
