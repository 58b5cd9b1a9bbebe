//! `GET /organization`

use actix_web::{get, web::Data};
use futures_util::future::try_join;

use crate::{ApiError, ApiResult, App, Reply, Tenant, bodies::OrganizationBody};

/// Returns the organization's settings.
#[utoipa::path(
    tag = "organization",
    responses((status = 200, description = "The organization.", body = OrganizationBody)),
)]
#[get("/organization")]
pub async fn get_organization(tenant: Tenant, app: Data<App>) -> ApiResult<OrganizationBody> {
    let conn = app.db.get().await?;
    let (organization, subscription) = try_join(
        rubis_accounts::organization(&conn, tenant.organization),
        rubis_billing::subscription_of(&conn, tenant.organization),
    )
    .await?;
    let organization = organization.ok_or_else(ApiError::not_found)?;
    Ok(Reply(OrganizationBody::new(organization, subscription)))
}
