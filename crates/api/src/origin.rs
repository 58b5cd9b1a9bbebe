//! The check of the page that sent a request with a cookie.
//!
//! Browsers send a cookie with requests of any page. Operations that a cookie alone authenticates
//! therefore check the origin of the request: browsers send `Origin` with every `POST`, and
//! `Sec-Fetch-Site` beside it. Programs that are no browsers send neither, and hold no cookie of another
//! user.

use actix_web::{
    HttpRequest,
    http::{
        StatusCode,
        header::{HeaderName, ORIGIN},
    },
};

use crate::{ApiError, App};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Checks that a request from a page comes from one of our origins.
///
/// # Errors
/// `foreign_origin`.
pub fn check(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    let headers = request.headers();
    let mut origins = headers.get_all(ORIGIN);
    let is_allowed = match (origins.next(), origins.next()) {
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| is_ours(app, origin)),
        (Some(_), Some(_)) => false,
        (None, _) => match headers.get(&FETCH_SITE) {
            None => true,
            Some(site) => matches!(site.as_bytes(), b"same-origin" | b"none"),
        },
    };
    if is_allowed {
        Ok(())
    } else {
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "This request has to come from a page of Rubis. Send no Origin header outside of a browser.",
        ))
    }
}

fn is_ours(app: &App, origin: &str) -> bool {
    let process = &app.settings.process;
    app.settings.http.cors_origins.iter().any(|known| known == origin)
        || [&process.app_url, &process.web_url].iter().any(|url| url.origin().ascii_serialization() == origin)
}
