//! The cookies of a sign-in: the refresh token, and the token by which an account recognises a device.
//! Scripts cannot read either.
//!
//! Over HTTPS their names have a prefix that browsers enforce: `__Host-` (this host alone, so that no
//! other host of the domain can set one), or `__Secure-` if the settings name a domain. Earlier releases
//! used no prefix: a refresh token under the plain name is still accepted, and removed when it is
//! replaced.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite},
};
use rubis_accounts::RefreshToken;
use time::Duration;

use crate::{App, lifetime};

const REFRESH: &str = "rubis_refresh";
const DEVICE: &str = "rubis_device";
/// The path of cookies that have no prefix, or `__Secure-`; `__Host-` demands `/`.
const AUTH_PATH: &str = "/api/v1/auth";
/// Browsers keep no cookie for more than 400 days.
const DEVICE_LIFETIME: Duration = Duration::days(365);

/// Returns the cookies of a sign-in that begins or goes on.
#[must_use]
pub fn signed_in(app: &App, request: &HttpRequest, token: &RefreshToken) -> Vec<Cookie<'static>> {
    let refresh =
        cookie(app, REFRESH, token.expose().to_owned(), lifetime(app.settings.auth.refresh_token_ttl));
    [Some(refresh), unprefixed(app, request)].into_iter().flatten().collect()
}

/// Returns the cookies that remove a browser's refresh token.
#[must_use]
pub fn signed_out(app: &App, request: &HttpRequest) -> Vec<Cookie<'static>> {
    let forgotten = cookie(app, REFRESH, String::new(), Duration::ZERO);
    [Some(forgotten), unprefixed(app, request)].into_iter().flatten().collect()
}

/// Returns the cookie by which an account recognises this browser.
#[must_use]
pub fn device(app: &App, token: String) -> Cookie<'static> {
    cookie(app, DEVICE, token, DEVICE_LIFETIME)
}

/// Returns the refresh token that a request carries.
#[must_use]
pub fn refresh_token(app: &App, request: &HttpRequest) -> Option<String> {
    value(request, &name(app, REFRESH)).or_else(|| value(request, REFRESH))
}

/// Returns the token of a known device that a request carries.
#[must_use]
pub fn device_token(app: &App, request: &HttpRequest) -> Option<String> {
    value(request, &name(app, DEVICE))
}

fn value(request: &HttpRequest, name: &str) -> Option<String> {
    request.cookie(name).map(|cookie| cookie.value().to_owned()).filter(|value| !value.is_empty())
}

/// Returns a cookie that removes a refresh token under the plain name of an earlier release.
fn unprefixed(app: &App, request: &HttpRequest) -> Option<Cookie<'static>> {
    let is_left = name(app, REFRESH) != REFRESH && request.cookie(REFRESH).is_some();
    is_left.then(|| {
        let mut cookie =
            Cookie::build(REFRESH, "").path(AUTH_PATH).max_age(Duration::ZERO).secure(true).finish();
        if let Some(domain) = &app.settings.auth.cookie_domain {
            cookie.set_domain(domain.clone());
        }
        cookie
    })
}

fn name(app: &App, name: &str) -> String {
    let auth = &app.settings.auth;
    match (auth.cookie_secure, &auth.cookie_domain) {
        (false, _) => name.to_owned(),
        (true, None) => format!("__Host-{name}"),
        (true, Some(_)) => format!("__Secure-{name}"),
    }
}

fn cookie(app: &App, plain_name: &str, value: String, lifetime: Duration) -> Cookie<'static> {
    let name = name(app, plain_name);
    let path = if name.starts_with("__Host-") { "/" } else { AUTH_PATH };
    let mut cookie = Cookie::build(name, value)
        .path(path)
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
