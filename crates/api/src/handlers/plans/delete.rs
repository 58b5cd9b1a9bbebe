//! `DELETE /plans/{planId}`

use actix_web::{delete, web::Data};
use rubis_kernel::PlanId;
use rubis_relances::DeletedPlan;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{ApiResult, App, Reply, Tenant, segment::Segment};

/// What became of a plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletedPlanBody {
    /// Whether the plan was kept, because invoices use it: they go on with it, and no other can choose it.
    pub archived: bool,
}

/// Takes a plan away: it is deleted when nothing used it, else archived.
#[utoipa::path(
    tag = "plans",
    responses(
        (status = 200, description = "The plan was taken away.", body = DeletedPlanBody),
        (status = 409, description = "`default_plan`: make another plan the default first."),
    ),
)]
#[delete("/plans/{planId}")]
pub async fn delete_plan(tenant: Tenant, id: Segment<PlanId>, app: Data<App>) -> ApiResult<DeletedPlanBody> {
    let mut conn = app.db.get().await?;
    let deleted = rubis_relances::delete_plan(&mut conn, tenant.organization, id.0, app.clock.now()).await?;
    Ok(Reply(DeletedPlanBody { archived: deleted == DeletedPlan::Archived }))
}
