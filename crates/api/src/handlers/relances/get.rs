//! `GET /relances/{relanceId}`

use actix_web::{get, web::Data};
use rubis_kernel::RelanceTaskId;

use crate::{ApiError, ApiResult, App, Reply, Tenant, bodies::RelanceBody, path_param::PathParam};

/// Returns one reminder with its text. While it waits for its approval, its text has the figures of today.
#[utoipa::path(
    tag = "relances",
    responses((status = 200, description = "The reminder.", body = RelanceBody)),
)]
#[get("/relances/{relanceId}")]
pub async fn get_relance(
    tenant: Tenant,
    id: PathParam<RelanceTaskId>,
    app: Data<App>,
) -> ApiResult<RelanceBody> {
    let mut conn = app.db.get().await?;
    let now = app.clock.now();
    let relance = rubis_relances::relance_detail(&mut conn, tenant.organization, id.0, now).await?;
    let relance = relance.ok_or_else(ApiError::not_found)?;
    Ok(Reply(relance.into()))
}
