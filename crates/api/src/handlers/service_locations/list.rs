//! `GET /clients/{clientId}/service-locations`

use actix_web::{get, web::Data};
use rubis_kernel::ClientId;

use crate::{
    ApiError, ApiResult, App, Tenant,
    bodies::ServiceLocationBody,
    cursor::List,
    page::{PageBody, PageQuery},
    path_param::PathParam,
    query::Query,
};

/// Lists the places where a client is served, in the order in which they were created.
#[utoipa::path(
    tag = "clients",
    params(PageQuery),
    responses((status = 200, description = "A page of places.", body = PageBody<ServiceLocationBody>)),
)]
#[get("/clients/{clientId}/service-locations")]
pub async fn list_service_locations(
    tenant: Tenant,
    id: PathParam<ClientId>,
    query: Query<PageQuery>,
    app: Data<App>,
) -> ApiResult<PageBody<ServiceLocationBody>> {
    let asked = query.0.of(List::new("service-locations", &id.0), &app)?;
    let mut conn = app.db.get().await?;
    let client =
        rubis_invoices::client(&conn, tenant.organization, id.0).await?.ok_or_else(ApiError::not_found)?;
    let organization = tenant.organization;
    let page =
        rubis_invoices::service_locations_of(&mut conn, organization, client.id, asked.after, asked.limit)
            .await?;
    Ok(asked.reply(page, |last| last.id))
}
