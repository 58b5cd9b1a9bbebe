//! `GET /activity`

use actix_web::{get, web::Data};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    ApiResult, App, Reply, Tenant,
    bodies::ActivityEventBody,
    cursor::List,
    page::{PageBody, page_size},
    query::Query,
};

/// Position and length of the page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListActivity {
    /// Number of rows, 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the previous page.
    cursor: Option<String>,
}

/// Lists what happened in the organization, the latest first.
#[utoipa::path(
    tag = "insight",
    params(ListActivity),
    responses((status = 200, description = "A page of events.", body = PageBody<ActivityEventBody>)),
)]
#[get("/activity")]
pub async fn list_activity(
    tenant: Tenant,
    query: Query<ListActivity>,
    app: Data<App>,
) -> ApiResult<PageBody<ActivityEventBody>> {
    let limit = page_size(query.0.limit)?;
    let list = List::new("activity", &());
    let after = list.after(&app.keys.cursor, query.0.cursor.as_deref())?;
    let mut conn = app.db.get().await?;
    let page = rubis_accounts::feed(&mut conn, tenant.organization, after, limit).await?;
    Ok(Reply(PageBody::new(page, &list, &app.keys.cursor, |last| last.id)))
}
