//! `GET /plans`

use actix_web::{get, web::Data};
use rubis_relances::PlansShown;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    ApiResult, App, Tenant,
    bodies::ListedPlanBody,
    cursor::List,
    page::{PageBody, PageQuery},
    query::Query,
};

/// Filters and position of the page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListPlans {
    /// True if archived plans are listed too; `false` if left out.
    #[serde(default)]
    #[param(required = false)]
    archived: bool,
    /// Number of rows, 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the previous page.
    cursor: Option<String>,
}

/// Lists the organization's plans in the order in which they were created.
#[utoipa::path(
    tag = "plans",
    params(ListPlans),
    responses((status = 200, description = "A page of plans.", body = PageBody<ListedPlanBody>)),
)]
#[get("/plans")]
pub async fn list_plans(
    tenant: Tenant,
    query: Query<ListPlans>,
    app: Data<App>,
) -> ApiResult<PageBody<ListedPlanBody>> {
    let ListPlans { archived, limit, cursor } = query.0;
    let asked = PageQuery { limit, cursor }.of(List::new("plans", &archived), &app)?;
    let shown = if archived { PlansShown::All } else { PlansShown::Usable };
    let mut conn = app.db.get().await?;
    let page = rubis_relances::plans(&mut conn, tenant.organization, shown, asked.after, asked.limit).await?;
    Ok(asked.reply(page, |last| last.id))
}
