//! `POST /auth/refresh`

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
    post,
    web::Data,
};
use rubis_accounts::RefreshError;

use crate::{
    ApiError, App,
    audit::{Audit, AuditEvent},
    bodies::{OrganizationBody, SessionBody},
    cookies, origin,
    session_client::session_client,
};

/// Returns a new access token for the refresh token in the cookie.
///
/// The refresh token is used up and replaced. A token that is used twice has been copied, so the whole
/// session ends for both holders.
#[utoipa::path(
    tag = "auth",
    responses(
        (status = 200, description = "The session goes on.", body = SessionBody),
        (status = 401, description = "`missing_refresh_token`, `invalid_refresh_token`: sign in again."),
        (status = 403, description = "`foreign_origin`: another website made the request."),
    ),
    security(("refreshCookie" = [])),
)]
#[post("/auth/refresh")]
pub async fn refresh_session(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, ApiError> {
    origin::check(&app, &request)?;
    let token = cookies::refresh_token(&app, &request).ok_or_else(|| {
        ApiError::unauthorized("missing_refresh_token", "There is no refresh token. Sign in.")
    })?;
    let client = session_client(&app, &request);
    let mut conn = app.db.get().await?;
    let refreshed = rubis_accounts::refresh(&mut conn, &token, &client, app.clock.now(), app.session_rules())
        .await
        .map_err(|error| refused(&app, &request, error))?;
    let session = refreshed.session_id;
    let subscription = rubis_billing::subscription_of(&conn, refreshed.organization.id).await?;
    let organization = OrganizationBody::new(refreshed.organization, subscription);
    let body = SessionBody::new(&app, session, refreshed.user, organization, refreshed.role);
    let mut response = HttpResponse::Ok();
    for cookie in cookies::signed_in(&app, &request, &refreshed.refresh_token) {
        response.cookie(cookie);
    }
    Ok(response.json(body))
}

/// A refused token stays refused, so the browser may delete it.
fn refused(app: &App, request: &HttpRequest, error: RefreshError) -> ApiError {
    if let RefreshError::Reused(holder) = &error {
        Audit::of(request)
            .about(holder.user_id, holder.organization_id)
            .in_session(holder.session_id)
            .record(&AuditEvent::RefreshTokenReused);
    }
    let has_ended = !matches!(error, RefreshError::Database(_));
    let cookies = if has_ended { cookies::signed_out(app, request) } else { Vec::new() };
    let values = cookies.iter().filter_map(|cookie| HeaderValue::from_str(&cookie.to_string()).ok());
    values.fold(ApiError::from(error), |error, value| error.with_header(header::SET_COOKIE, value))
}
