//! `GET /relances`

use actix_web::{get, web::Data};
use rubis_relances::{RelanceStatus, RelancesFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    ApiResult, App, Reply, Tenant,
    bodies::ListedRelanceBody,
    cursor::List,
    labels,
    page::{PageBody, page_size},
    query::Query,
};

/// Filters and position of the page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListRelances {
    /// The status of the reminders.
    #[param(value_type = Option<labels::RelanceStatus>)]
    status: Option<RelanceStatus>,
    /// Number of rows, 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the previous page.
    cursor: Option<String>,
}

/// Lists the organization's reminders in the order of their dates, without their texts.
#[utoipa::path(
    tag = "relances",
    params(ListRelances),
    responses((status = 200, description = "A page of reminders.", body = PageBody<ListedRelanceBody>)),
)]
#[get("/relances")]
pub async fn list_relances(
    tenant: Tenant,
    query: Query<ListRelances>,
    app: Data<App>,
) -> ApiResult<PageBody<ListedRelanceBody>> {
    let ListRelances { status, limit, cursor } = query.0;
    let limit = page_size(limit)?;
    let list = List::new("relances", &status);
    let after = list.after(&app.keys.cursor, cursor.as_deref())?;
    let filter = RelancesFilter { status, after };
    let mut conn = app.db.get().await?;
    let page = rubis_relances::list_relances(&mut conn, tenant.organization, filter, limit).await?;
    Ok(Reply(PageBody::new(page, &list, &app.keys.cursor, |last| (last.send_at, last.id))))
}
