//! `POST /auth/logout`

use actix_web::{HttpRequest, HttpResponse, post, web::Data};

use crate::{
    ApiError, App, Tenant,
    audit::{Audit, AuditEvent},
    cookies, origin,
};

/// Signs the user out: the session ends at once, with its access and refresh tokens.
///
/// The cookie alone is enough, also when the access token has expired.
#[utoipa::path(
    tag = "auth",
    responses(
        (status = 204, description = "The session has ended."),
        (status = 401, description = "`unauthenticated`, `invalid_access_token`, `session_ended`: there is neither a valid access token nor a cookie."),
        (status = 403, description = "`foreign_origin`: another website made the request, with the cookie alone."),
    ),
    security(("bearer" = []), ("refreshCookie" = [])),
)]
#[post("/auth/logout")]
pub async fn log_out(
    request: HttpRequest,
    tenant: Result<Tenant, ApiError>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let token = cookies::refresh_token(&app, &request);
    match (&tenant, &token) {
        (Err(_), Some(_)) => origin::check(&app, &request)?,
        (Err(_), None) => return tenant.map(|_| HttpResponse::NoContent().finish()),
        (Ok(_), _) => {}
    }
    let now = app.clock.now();
    let mut conn = app.db.get().await?;
    if let Ok(tenant) = tenant {
        rubis_accounts::sign_out(&mut conn, tenant.session, now).await?;
        Audit::of(&request).record(&AuditEvent::SignedOut);
    }
    if let Some(token) = token
        && let Some(holder) = rubis_accounts::sign_out_by_token(&mut conn, &token, now).await?
    {
        Audit::of(&request)
            .about(holder.user_id, holder.organization_id)
            .in_session(holder.session_id)
            .record(&AuditEvent::SignedOut);
    }
    let mut response = HttpResponse::NoContent();
    for cookie in cookies::signed_out(&app, &request) {
        response.cookie(cookie);
    }
    Ok(response.finish())
}
