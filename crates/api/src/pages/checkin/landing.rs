//! The redirect from a link or a button to the page, without the token in the page's address.
//!
//! Proxies log addresses. The page that the API serves itself gets the token in a cookie for its path
//! alone; a page of another origin gets it in the fragment, which browsers do not send to servers.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite},
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use time::Duration;

use super::{CheckinPage, PageStatus, page_status};
use crate::App;

const COOKIE: &str = "rubis_checkin";

/// Time for which the page can be loaded again without its link.
const COOKIE_LIFE: Duration = Duration::HOUR;

/// The longest token that is passed on; real tokens have 43 characters.
const MAX_TOKEN: usize = 64;

/// Redirects a browser that opened a link to the page, here or in the single-page app.
#[must_use]
pub fn land(app: &App, status: Option<PageStatus>, token: &str) -> HttpResponse {
    let settings = &app.settings.process;
    let web = settings.web_url.as_str().trim_end_matches('/');
    let token = status.is_none_or(PageStatus::has_page).then_some(token).filter(|token| is_plausible(token));
    match CheckinPage::of(settings) {
        Some(page) => redirect(StatusCode::FOUND, &format!("{web}/checkin{}", page_status::query(status)))
            .with(&cookie(app, &page, token)),
        None => {
            let fragment = token.map(|token| format!("#token={token}")).unwrap_or_default();
            redirect(StatusCode::FOUND, &format!("{web}/checkin{}{fragment}", page_status::query(status))).0
        }
    }
}

/// Redirects a browser to the page from one of its own forms or addresses.
pub(super) fn continue_on(
    app: &App,
    page: &CheckinPage,
    status: Option<PageStatus>,
    token: &str,
) -> HttpResponse {
    let token = status.is_none_or(PageStatus::has_page).then_some(token).filter(|token| is_plausible(token));
    redirect(StatusCode::SEE_OTHER, &page.address(status)).with(&cookie(app, page, token))
}

/// Returns the token of the check-in that this browser opened last; empty if there is none.
pub(super) fn token_of(request: &HttpRequest) -> String {
    request.cookie(COOKIE).map(|cookie| cookie.value().to_owned()).unwrap_or_default()
}

/// Returns true if every character can occur in a token, so that nothing else goes into a header.
fn is_plausible(token: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !token.is_empty() && token.len() <= MAX_TOKEN && token.bytes().all(allowed)
}

/// Returns the cookie that sets or removes the token of the page.
fn cookie(app: &App, page: &CheckinPage, token: Option<&str>) -> Cookie<'static> {
    // The links of mails come from another site, from which `Strict` would not send it.
    Cookie::build(COOKIE, token.unwrap_or_default().to_owned())
        .path(page.path().to_owned())
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.is_served_over_https())
        .max_age(if token.is_some() { COOKIE_LIFE } else { Duration::ZERO })
        .finish()
}

struct Redirect(HttpResponse);

fn redirect(status: StatusCode, address: &str) -> Redirect {
    let mut response = HttpResponse::build(status).finish();
    // The address consists of settings and percent-encoded parameters, which always fit in a header.
    if let Ok(address) = HeaderValue::from_str(address) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    Redirect(response)
}

impl Redirect {
    fn with(self, cookie: &Cookie<'_>) -> HttpResponse {
        let Self(mut response) = self;
        if let Ok(value) = HeaderValue::from_str(&cookie.encoded().to_string()) {
            response.headers_mut().insert(header::SET_COOKIE, value);
        }
        response
    }
}
