//! `GET /auth/sessions`

use actix_web::{get, web::Data};

use crate::{
    ApiResult, App, Tenant,
    bodies::OwnSessionBody,
    cursor::List,
    page::{PageBody, PageQuery},
    query::Query,
};

/// Lists the signed-in user's sessions that have not ended, the latest sign-in first.
#[utoipa::path(
    tag = "auth",
    params(PageQuery),
    responses((status = 200, description = "A page of sessions.", body = PageBody<OwnSessionBody>)),
)]
#[get("/auth/sessions")]
pub async fn list_sessions(
    tenant: Tenant,
    query: Query<PageQuery>,
    app: Data<App>,
) -> ApiResult<PageBody<OwnSessionBody>> {
    let asked = query.0.of(List::new("sessions", &tenant.user), &app)?;
    let (now, rules) = (app.clock.now(), app.session_rules());
    let mut conn = app.db.get().await?;
    let page =
        rubis_accounts::own_sessions(&mut conn, tenant.user, asked.after, asked.limit, now, rules).await?;
    let page = page.map(|session| (session, tenant.session));
    Ok(asked.reply(page, |(session, _)| session.id))
}
