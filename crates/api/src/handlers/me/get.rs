//! `GET /me`

use actix_web::{get, web::Data};
use futures_util::future::try_join;

use super::MeBody;
use crate::{ApiError, ApiResult, App, Reply, Tenant, bodies::OrganizationBody};

/// Returns the signed-in user and their organization.
#[utoipa::path(
    tag = "me",
    responses((status = 200, description = "The signed-in user.", body = MeBody)),
)]
#[get("/me")]
pub async fn get_me(tenant: Tenant, app: Data<App>) -> ApiResult<MeBody> {
    let mut conn = app.db.get().await?;
    let user = rubis_accounts::user(&mut conn, tenant.user).await?.ok_or_else(ApiError::not_found)?;
    let (organization, subscription) = try_join(
        rubis_accounts::organization(&conn, tenant.organization),
        rubis_billing::subscription_of(&conn, tenant.organization),
    )
    .await?;
    let organization = organization.ok_or_else(ApiError::not_found)?;
    Ok(Reply(MeBody::new(user, tenant.role, OrganizationBody::new(organization, subscription))))
}
