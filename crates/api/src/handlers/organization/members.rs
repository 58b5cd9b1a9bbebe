//! `GET /members`

use actix_web::{get, web::Data};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    ApiResult, App, Reply, Tenant,
    bodies::MemberBody,
    cursor::List,
    page::{PageBody, page_size},
    query::Query,
};

/// Position and length of the page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListMembers {
    /// Number of rows, 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the previous page.
    cursor: Option<String>,
}

/// Lists the organization's members in the order in which they joined.
#[utoipa::path(
    tag = "organization",
    params(ListMembers),
    responses((status = 200, description = "A page of members.", body = PageBody<MemberBody>)),
)]
#[get("/members")]
pub async fn list_members(
    tenant: Tenant,
    query: Query<ListMembers>,
    app: Data<App>,
) -> ApiResult<PageBody<MemberBody>> {
    let limit = page_size(query.0.limit)?;
    let list = List::new("members", &());
    let after = list.after(&app.keys.cursor, query.0.cursor.as_deref())?;
    let mut conn = app.db.get().await?;
    let page = rubis_accounts::members(&mut conn, tenant.organization, after, limit).await?;
    Ok(Reply(PageBody::new(page, &list, &app.keys.cursor, |last| last.membership.id)))
}
