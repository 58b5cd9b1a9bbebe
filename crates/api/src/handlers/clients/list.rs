//! `GET /clients`

use actix_web::{get, web::Data};
use rubis_invoices::{ClientPosition, SearchTerms};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    ApiResult, App, Tenant,
    bodies::ListedClientBody,
    cursor::List,
    page::{PageBody, PageQuery},
    query::Query,
};

/// Filters and position of the page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListClients {
    /// Words to look for in names, addresses and numbers; every one has to occur.
    q: Option<String>,
    /// Number of rows, 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the previous page.
    cursor: Option<String>,
}

/// Lists the organization's clients by name.
#[utoipa::path(
    tag = "clients",
    params(ListClients),
    responses((status = 200, description = "A page of clients.", body = PageBody<ListedClientBody>)),
)]
#[get("/clients")]
pub async fn list_clients(
    tenant: Tenant,
    query: Query<ListClients>,
    app: Data<App>,
) -> ApiResult<PageBody<ListedClientBody>> {
    let ListClients { q, limit, cursor } = query.0;
    let search = q.as_deref().and_then(SearchTerms::parse);
    let asked = PageQuery { limit, cursor }.of(List::new("clients", &q), &app)?;
    let mut conn = app.db.get().await?;
    let (organization, after) = (tenant.organization, asked.after.as_ref());
    let page =
        rubis_invoices::list_clients(&mut conn, organization, search.as_ref(), after, asked.limit).await?;
    Ok(asked.reply(page, |last| ClientPosition::from(last)))
}
