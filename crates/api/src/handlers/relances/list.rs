//! `GET /relances`

use actix_web::{get, web::Data};
use rubis_relances::{RelanceStatus, RelancesFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    ApiResult, App, Tenant,
    bodies::ListedRelanceBody,
    cursor::List,
    labels,
    page::{PageBody, PageQuery},
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
    let asked = PageQuery { limit, cursor }.of(List::new("relances", &status), &app)?;
    let filter = RelancesFilter { status, after: asked.after };
    let mut conn = app.db.get().await?;
    let page = rubis_relances::list_relances(&mut conn, tenant.organization, filter, asked.limit).await?;
    Ok(asked.reply(page, |last| (last.send_at, last.id)))
}
