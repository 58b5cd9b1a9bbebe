//! `GET /checkin/{token}/page`, `GET /checkin/{token}/answered`: the links of the mails that answer
//! nothing

use actix_web::{HttpResponse, route, web::Data};

use crate::{
    ApiError, App,
    checkin_token::CheckinToken,
    pages::{PageStatus, land},
};

/// Leads to the page of a check-in and of the others of its mail.
///
/// Changes nothing. The token is not part of the page's address: it follows in the fragment, or in a cookie if the
/// API serves the page itself.
#[utoipa::path(
    get,
    path = "/checkin/{token}/page",
    tag = "check-in",
    responses((
        status = 302,
        description = "Redirects to the page.",
        headers(("Location" = String, description = "The page: `{WEB_URL}/checkin#token=…`, or `{WEB_URL}/checkin` with a cookie.")),
    )),
    security(()),
)]
#[route("/checkin/{token}/page", method = "GET", method = "HEAD")]
pub async fn open_checkin_page(token: CheckinToken, app: Data<App>) -> Result<HttpResponse, ApiError> {
    Ok(land(&app, None, token.expose()))
}

/// Leads to the page where an answer can be undone.
///
/// Works as the link to the page does, with `status=already_answered`.
#[utoipa::path(
    get,
    path = "/checkin/{token}/answered",
    tag = "check-in",
    responses((
        status = 302,
        description = "Redirects to the page.",
        headers(("Location" = String, description = "The page: `{WEB_URL}/checkin?status=already_answered#token=…`, or without the fragment and with a cookie.")),
    )),
    security(()),
)]
#[route("/checkin/{token}/answered", method = "GET", method = "HEAD")]
pub async fn open_answered_page(token: CheckinToken, app: Data<App>) -> Result<HttpResponse, ApiError> {
    Ok(land(&app, Some(PageStatus::AlreadyAnswered), token.expose()))
}
