//! `DELETE /clients/{clientId}/service-locations/{serviceLocationId}`

use actix_web::{HttpResponse, delete, web::Data};
use rubis_kernel::{ClientId, ServiceLocationId};

use crate::{ApiError, App, Tenant, path_param::PathParam};

/// Deletes a service location that no line of an invoice names.
#[utoipa::path(
    tag = "clients",
    responses(
        (status = 204, description = "The service location was deleted."),
        (status = 409, description = "`service_location_in_use`: lines of invoices name it."),
    ),
)]
#[delete("/clients/{clientId}/service-locations/{serviceLocationId}")]
pub async fn delete_service_location(
    tenant: Tenant,
    ids: PathParam<(ClientId, ServiceLocationId)>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let PathParam((client, place)) = ids;
    let mut conn = app.db.get().await?;
    rubis_invoices::remove_service_location(&mut conn, tenant.organization, client, place).await?;
    Ok(HttpResponse::NoContent().finish())
}
