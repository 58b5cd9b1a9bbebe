//! `GET /clients/{clientId}/contacts`

use actix_web::{get, web::Data};
use rubis_kernel::ClientId;

use crate::{
    ApiError, ApiResult, App, Reply, Tenant, bodies::ContactBody, page::PageBody, path_param::PathParam,
};

/// Lists the people at a client in the order in which they were created: 100 at most, on one page.
#[utoipa::path(
    tag = "clients",
    responses((status = 200, description = "The contacts.", body = PageBody<ContactBody>)),
)]
#[get("/clients/{clientId}/contacts")]
pub async fn list_contacts(
    tenant: Tenant,
    id: PathParam<ClientId>,
    app: Data<App>,
) -> ApiResult<PageBody<ContactBody>> {
    let conn = app.db.get().await?;
    let client =
        rubis_invoices::client(&conn, tenant.organization, id.0).await?.ok_or_else(ApiError::not_found)?;
    let contacts = rubis_invoices::contacts_of(&conn, tenant.organization, client.id).await?;
    Ok(Reply(PageBody::whole(contacts)))
}
