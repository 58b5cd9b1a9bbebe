//! `DELETE /plans/{planId}`

use actix_web::{delete, web::Data};
use rubis_kernel::PlanId;
use rubis_relances::DeletedPlan;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{ApiResult, App, Reply, Tenant, path_param::PathParam};

/// The result of the deletion of a plan.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletedPlanBody {
    /// True if the plan was archived because invoices use it: they keep it, and no other invoice can
    /// choose it.
    pub archived: bool,
}

/// Deletes a plan that nothing used, and archives any other.
#[utoipa::path(
    tag = "plans",
    responses(
        (status = 200, description = "The plan was deleted or archived.", body = DeletedPlanBody),
        (status = 409, description = "`default_plan`: make another plan the default first."),
    ),
)]
#[delete("/plans/{planId}")]
pub async fn delete_plan(
    tenant: Tenant,
    id: PathParam<PlanId>,
    app: Data<App>,
) -> ApiResult<DeletedPlanBody> {
    let mut conn = app.db.get().await?;
    let deleted = rubis_relances::delete_plan(&mut conn, tenant.organization, id.0, app.clock.now()).await?;
    Ok(Reply(DeletedPlanBody { archived: deleted == DeletedPlan::Archived }))
}
