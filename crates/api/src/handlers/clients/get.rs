//! `GET /clients/{clientId}`

use actix_web::{get, web::Data};
use rubis_invoices::referral_code;
use rubis_kernel::ClientId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{ApiError, ApiResult, App, Reply, Tenant, bodies::ClientBody, path_param::PathParam};

/// A client, with their referral code.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientDetailBody {
    /// The client.
    #[serde(flatten)]
    pub client: ClientBody,
    /// Six characters by which others name this client. They never change.
    pub referral_code: String,
}

/// Returns a client without their contacts and service locations.
#[utoipa::path(
    tag = "clients",
    responses((status = 200, description = "The client.", body = ClientDetailBody)),
)]
#[get("/clients/{clientId}")]
pub async fn get_client(
    tenant: Tenant,
    id: PathParam<ClientId>,
    app: Data<App>,
) -> ApiResult<ClientDetailBody> {
    let conn = app.db.get().await?;
    let client =
        rubis_invoices::client(&conn, tenant.organization, id.0).await?.ok_or_else(ApiError::not_found)?;
    Ok(Reply(ClientDetailBody {
        referral_code: referral_code(&app.keys.referral, client.id),
        client: client.into(),
    }))
}
