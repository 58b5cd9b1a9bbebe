//! The cookie that holds the refresh token: out of reach of scripts, sent to the sign-in path alone.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite},
};
use rubis_accounts::RefreshToken;
use time::Duration;

use crate::{App, lifetime};

const NAME: &str = "rubis_refresh";
const PATH: &str = "/api/v1/auth";

/// The cookie that gives a browser its next refresh token.
#[must_use]
pub fn issue(app: &App, token: &RefreshToken) -> Cookie<'static> {
    cookie(app, token.expose().to_owned(), lifetime(app.settings.auth.refresh_token_ttl))
}

/// The cookie that takes a browser's refresh token away.
#[must_use]
pub fn forget(app: &App) -> Cookie<'static> {
    cookie(app, String::new(), Duration::ZERO)
}

/// The refresh token that a request carries.
#[must_use]
pub fn read(request: &HttpRequest) -> Option<String> {
    request.cookie(NAME).map(|cookie| cookie.value().to_owned()).filter(|token| !token.is_empty())
}

fn cookie(app: &App, value: String, lifetime: Duration) -> Cookie<'static> {
    let mut cookie = Cookie::build(NAME, value)
        .path(PATH)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.settings.auth.cookie_secure)
        .max_age(lifetime)
        .finish();
    if let Some(domain) = &app.settings.auth.cookie_domain {
        cookie.set_domain(domain.clone());
    }
    cookie
}
