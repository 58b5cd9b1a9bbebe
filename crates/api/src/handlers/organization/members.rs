//! `GET /members`

use actix_web::{get, web::Data};

use crate::{
    ApiResult, App, Tenant,
    bodies::MemberBody,
    cursor::List,
    page::{PageBody, PageQuery},
    query::Query,
};

/// Lists the organization's members in the order in which they joined.
#[utoipa::path(
    tag = "organization",
    params(PageQuery),
    responses((status = 200, description = "A page of members.", body = PageBody<MemberBody>)),
)]
#[get("/members")]
pub async fn list_members(
    tenant: Tenant,
    query: Query<PageQuery>,
    app: Data<App>,
) -> ApiResult<PageBody<MemberBody>> {
    let asked = query.0.of(List::new("members", &()), &app)?;
    let mut conn = app.db.get().await?;
    let page = rubis_accounts::members(&mut conn, tenant.organization, asked.after, asked.limit).await?;
    Ok(asked.reply(page, |last| last.membership.id))
}
