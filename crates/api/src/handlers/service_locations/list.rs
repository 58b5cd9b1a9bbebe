//! `GET /clients/{clientId}/service-locations`

use actix_web::{get, web::Data};
use rubis_kernel::ClientId;

use crate::{
    ApiError, ApiResult, App, Reply, Tenant, bodies::ServiceLocationBody, page::PageBody, segment::Segment,
};

/// Lists the places where a client is served, those put in first at the front: 500 at most, on one page.
#[utoipa::path(
    tag = "clients",
    responses((status = 200, description = "The places.", body = PageBody<ServiceLocationBody>)),
)]
#[get("/clients/{clientId}/service-locations")]
pub async fn list_service_locations(
    tenant: Tenant,
    id: Segment<ClientId>,
    app: Data<App>,
) -> ApiResult<PageBody<ServiceLocationBody>> {
    let mut conn = app.db.get().await?;
    let client =
        rubis_invoices::client(&conn, tenant.organization, id.0).await?.ok_or_else(ApiError::not_found)?;
    let places = rubis_invoices::service_locations_of(&mut conn, tenant.organization, client.id).await?;
    Ok(Reply(PageBody::whole(places)))
}
