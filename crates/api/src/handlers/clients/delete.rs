//! `DELETE /clients/{clientId}`

use actix_web::{HttpResponse, delete, web::Data};
use rubis_kernel::ClientId;

use crate::{ApiError, App, Tenant, path_param::PathParam};

/// Deletes a client without invoices, with their contacts and service locations.
#[utoipa::path(
    tag = "clients",
    responses(
        (status = 204, description = "The client was deleted."),
        (status = 409, description = "`client_has_invoices`: a client with invoices cannot be deleted."),
    ),
)]
#[delete("/clients/{clientId}")]
pub async fn delete_client(
    tenant: Tenant,
    id: PathParam<ClientId>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let mut conn = app.db.get().await?;
    rubis_invoices::delete_client(&mut conn, tenant.organization, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
