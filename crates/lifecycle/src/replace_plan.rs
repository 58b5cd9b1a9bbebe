//! A plan is edited, and the invoices that use it are planned again.

use rubis_accounts::{ActivityKind, NewEvent};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::InvoiceScope;
use rubis_kernel::{OrganizationId, PlanId, UserId};
use rubis_relances::{NewPlan, Plan, ReplacePlanError};
use serde_json::json;
use time::OffsetDateTime;

use crate::request_planning::{self, RequestedBy};

/// Edits a plan. If a text or a date changed, the feed has one event, and invoices are planned again in the background:
/// what is still to be sent is sent in the new wording.
///
/// # Errors
/// [`ReplacePlanError`].
#[tracing::instrument(skip_all, fields(organization = %organization, plan = %plan))]
pub async fn replace_plan(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    plan: PlanId,
    new: NewPlan,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Plan, ReplacePlanError> {
    conn.transaction(async |conn| {
        let replaced = rubis_relances::replace_plan(conn, organization, plan, new, now).await?;
        if replaced.steps_changed {
            let meta = json!({ "planId": plan, "label": replaced.plan.name });
            let event = NewEvent { kind: ActivityKind::PlanChanged, invoice_id: None, actor, meta };
            rubis_accounts::record(conn, organization, event, now).await?;
            let by = RequestedBy::Change;
            request_planning::request(conn, organization, InvoiceScope::OfPlan(plan), by, now).await?;
        }
        Ok(replaced.plan)
    })
    .await
}
