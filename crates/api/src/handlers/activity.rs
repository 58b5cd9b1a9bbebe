//! `GET /activity`

use actix_web::{get, web::Data};

use crate::{
    ApiResult, App, Tenant,
    bodies::ActivityEventBody,
    cursor::List,
    page::{PageBody, PageQuery},
    query::Query,
};

/// Lists what happened in the organization, the latest first.
#[utoipa::path(
    tag = "insight",
    params(PageQuery),
    responses((status = 200, description = "A page of events.", body = PageBody<ActivityEventBody>)),
)]
#[get("/activity")]
pub async fn list_activity(
    tenant: Tenant,
    query: Query<PageQuery>,
    app: Data<App>,
) -> ApiResult<PageBody<ActivityEventBody>> {
    let asked = query.0.of(List::new("activity", &()), &app)?;
    let mut conn = app.db.get().await?;
    let page = rubis_accounts::feed(&mut conn, tenant.organization, asked.after, asked.limit).await?;
    Ok(asked.reply(page, |last| last.id))
}
