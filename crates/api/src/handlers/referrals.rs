//! `GET /referrals/{code}`

use actix_web::{get, web::Data};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{ApiError, ApiResult, App, Reply, Tenant, path_param::PathParam};

/// The client that a referral code names.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReferralBody {
    /// The client's id.
    pub client_id: Uuid,
    /// Their name.
    pub client_name: String,
}

/// Returns the client that a referral code names.
///
/// Case, spaces and dashes are ignored; I and L count as 1, O as 0.
#[utoipa::path(
    tag = "clients",
    responses((status = 200, description = "The client.", body = ReferralBody)),
)]
#[get("/referrals/{code}")]
pub async fn get_referral(
    tenant: Tenant,
    code: PathParam<String>,
    app: Data<App>,
) -> ApiResult<ReferralBody> {
    let mut conn = app.db.get().await?;
    let id = rubis_invoices::resolve_referral(&mut conn, tenant.organization, &app.keys.referral, &code.0)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let client =
        rubis_invoices::client(&conn, tenant.organization, id).await?.ok_or_else(ApiError::not_found)?;
    Ok(Reply(ReferralBody { client_id: client.id.into(), client_name: client.name }))
}
