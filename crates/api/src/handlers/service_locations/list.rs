//! `GET /clients/{clientId}/service-locations`

use actix_web::{get, web::Data};
use rubis_kernel::ClientId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    ApiError, ApiResult, App, Reply, Tenant,
    bodies::ServiceLocationBody,
    cursor::List,
    page::{PageBody, page_size},
    path_param::PathParam,
    query::Query,
};

/// Position and length of the page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListServiceLocations {
    /// Number of rows, 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the previous page.
    cursor: Option<String>,
}

/// Lists the places where a client is served, in the order in which they were created.
#[utoipa::path(
    tag = "clients",
    params(ListServiceLocations),
    responses((status = 200, description = "A page of places.", body = PageBody<ServiceLocationBody>)),
)]
#[get("/clients/{clientId}/service-locations")]
pub async fn list_service_locations(
    tenant: Tenant,
    id: PathParam<ClientId>,
    query: Query<ListServiceLocations>,
    app: Data<App>,
) -> ApiResult<PageBody<ServiceLocationBody>> {
    let limit = page_size(query.0.limit)?;
    let list = List::new("service-locations", &id.0);
    let after = list.after(&app.keys.cursor, query.0.cursor.as_deref())?;
    let mut conn = app.db.get().await?;
    let client =
        rubis_invoices::client(&conn, tenant.organization, id.0).await?.ok_or_else(ApiError::not_found)?;
    let organization = tenant.organization;
    let page = rubis_invoices::service_locations_of(&mut conn, organization, client.id, after, limit).await?;
    Ok(Reply(PageBody::new(page, &list, &app.keys.cursor, |last| last.id)))
}
