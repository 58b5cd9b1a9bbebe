//! `GET /me`

use actix_web::{get, web::Data};

use super::MeBody;
use crate::{ApiError, ApiResult, App, Reply, Tenant};

/// Tells who is signed in, and where.
#[utoipa::path(
    tag = "me",
    responses((status = 200, description = "The signed-in user.", body = MeBody)),
)]
#[get("/me")]
pub async fn get_me(tenant: Tenant, app: Data<App>) -> ApiResult<MeBody> {
    let mut conn = app.db.get().await?;
    let user = rubis_accounts::user(&mut conn, tenant.user).await?.ok_or_else(ApiError::not_found)?;
    let organization =
        rubis_accounts::organization(&conn, tenant.organization).await?.ok_or_else(ApiError::not_found)?;
    Ok(Reply(MeBody::new(user, tenant.role, organization)))
}
