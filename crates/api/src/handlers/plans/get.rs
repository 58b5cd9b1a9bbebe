//! `GET /plans/{planId}`

use actix_web::{get, web::Data};
use rubis_kernel::PlanId;

use crate::{ApiError, ApiResult, App, Reply, Tenant, bodies::PlanBody, path_param::PathParam};

/// Returns a plan and its steps, archived or not.
#[utoipa::path(
    tag = "plans",
    responses((status = 200, description = "The plan.", body = PlanBody)),
)]
#[get("/plans/{planId}")]
pub async fn get_plan(tenant: Tenant, id: PathParam<PlanId>, app: Data<App>) -> ApiResult<PlanBody> {
    let conn = app.db.get().await?;
    let plan =
        rubis_relances::plan(&conn, tenant.organization, id.0).await?.ok_or_else(ApiError::not_found)?;
    Ok(Reply(plan.into()))
}
