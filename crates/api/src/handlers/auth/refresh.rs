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
    bodies::{OrganizationBody, SessionBody},
    lifetime, refresh_cookie,
};

/// Gives the next access token for the refresh token in the cookie.
///
/// The refresh token is spent and replaced. One that is spent a second time has been copied: the whole
/// session ends, for both who hold it.
#[utoipa::path(
    tag = "auth",
    responses(
        (status = 200, description = "The session goes on.", body = SessionBody),
        (status = 401, description = "`missing_refresh_token`, `invalid_refresh_token`: sign in again."),
    ),
    security(("refreshCookie" = [])),
)]
#[post("/auth/refresh")]
pub async fn refresh_session(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let token = refresh_cookie::read(&request).ok_or_else(|| {
        ApiError::unauthorized("missing_refresh_token", "There is no refresh token. Sign in.")
    })?;
    let mut conn = app.db.get().await?;
    let ttl = lifetime(app.settings.auth.refresh_token_ttl);
    let refreshed = rubis_accounts::refresh(&mut conn, &token, app.clock.now(), ttl)
        .await
        .map_err(|error| refused(&app, error))?;
    let session = refreshed.session_id;
    let subscription = rubis_billing::subscription_of(&conn, refreshed.organization.id).await?;
    let organization = OrganizationBody::new(refreshed.organization, subscription);
    let body = SessionBody::new(&app, session, refreshed.user, organization, refreshed.role);
    Ok(HttpResponse::Ok().cookie(refresh_cookie::issue(&app, &refreshed.refresh_token)).json(body))
}

/// A token that is refused once is refused for ever: the browser may forget it.
fn refused(app: &App, error: RefreshError) -> ApiError {
    let has_ended = !matches!(error, RefreshError::Database(_));
    let error = ApiError::from(error);
    match HeaderValue::from_str(&refresh_cookie::forget(app).to_string()) {
        Ok(cookie) if has_ended => error.with_header(header::SET_COOKIE, cookie),
        _ => error,
    }
}
