//! `GET /auth/sessions`

use actix_web::{get, web::Data};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    ApiResult, App, Reply, Tenant,
    bodies::OwnSessionBody,
    cursor::List,
    page::{PageBody, page_size},
    query::Query,
};

/// Position and length of the page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListSessions {
    /// Number of rows, 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the previous page.
    cursor: Option<String>,
}

/// Lists the signed-in user's sessions that have not ended, the latest sign-in first.
#[utoipa::path(
    tag = "auth",
    params(ListSessions),
    responses((status = 200, description = "A page of sessions.", body = PageBody<OwnSessionBody>)),
)]
#[get("/auth/sessions")]
pub async fn list_sessions(
    tenant: Tenant,
    query: Query<ListSessions>,
    app: Data<App>,
) -> ApiResult<PageBody<OwnSessionBody>> {
    let limit = page_size(query.0.limit)?;
    let list = List::new("sessions", &tenant.user);
    let after = list.after(&app.keys.cursor, query.0.cursor.as_deref())?;
    let now = app.clock.now();
    let mut conn = app.db.get().await?;
    let page =
        rubis_accounts::own_sessions(&mut conn, tenant.user, after, limit, now, app.session_rules()).await?;
    let page = page.map(|session| (session, tenant.session));
    Ok(Reply(PageBody::new(page, &list, &app.keys.cursor, |(session, _)| session.id)))
}
