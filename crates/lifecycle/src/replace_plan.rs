//! A plan is edited, and the invoices that use it are planned again.

use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::InvoiceScope;
use rubis_kernel::{OrganizationId, PlanId};
use rubis_relances::{NewPlan, Plan, ReplacePlanError};
use time::OffsetDateTime;

use crate::request_planning;

/// Edits a plan. Where a text or a date changed, invoices are planned again in the background: what
/// has not left yet leaves in the new wording.
///
/// # Errors
/// [`ReplacePlanError`].
pub async fn replace_plan(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    plan: PlanId,
    new: NewPlan,
    now: OffsetDateTime,
) -> Result<Plan, ReplacePlanError> {
    conn.transaction(async |conn| {
        let replaced = rubis_relances::replace_plan(conn, organization, plan, new, now).await?;
        if replaced.steps_changed {
            request_planning::request(conn, organization, InvoiceScope::OfPlan(plan), now).await?;
        }
        Ok(replaced.plan)
    })
    .await
}
