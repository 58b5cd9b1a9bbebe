//! `GET /relances/{relanceId}`

use actix_web::{get, web::Data};
use rubis_kernel::RelanceTaskId;

use crate::{ApiError, ApiResult, App, Reply, Tenant, bodies::RelanceBody, segment::Segment};

/// Returns one reminder with its text.
#[utoipa::path(
    tag = "relances",
    responses((status = 200, description = "The reminder.", body = RelanceBody)),
)]
#[get("/relances/{relanceId}")]
pub async fn get_relance(
    tenant: Tenant,
    id: Segment<RelanceTaskId>,
    app: Data<App>,
) -> ApiResult<RelanceBody> {
    let mut conn = app.db.get().await?;
    let relance = rubis_relances::relance(&mut conn, tenant.organization, id.0).await?;
    let relance = relance.ok_or_else(ApiError::not_found)?;
    Ok(Reply(relance.into()))
}
