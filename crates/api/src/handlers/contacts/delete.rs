//! `DELETE /clients/{clientId}/contacts/{contactId}`

use actix_web::{HttpResponse, delete, web::Data};
use rubis_kernel::{ClientId, ContactId};

use crate::{ApiError, App, Tenant, path_param::PathParam};

/// Removes a person from a client.
#[utoipa::path(
    tag = "clients",
    responses((status = 204, description = "The contact was deleted.")),
)]
#[delete("/clients/{clientId}/contacts/{contactId}")]
pub async fn delete_contact(
    tenant: Tenant,
    ids: PathParam<(ClientId, ContactId)>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let PathParam((client, contact)) = ids;
    let mut conn = app.db.get().await?;
    rubis_invoices::remove_contact(&mut conn, tenant.organization, client, contact).await?;
    Ok(HttpResponse::NoContent().finish())
}
