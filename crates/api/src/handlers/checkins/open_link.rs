//! `GET /checkin/{token}/paid`, `GET /checkin/{token}/pending`: the links of the mail

use actix_web::{HttpRequest, HttpResponse, route, web::Data};
use rubis_checkins::CheckinAnswer;
use rubis_lifecycle::AnsweredBy;

use crate::{
    ApiError, App,
    checkin_token::{CheckinToken, opening},
    pages::{PageStatus, land},
};

/// Declares an invoice paid, by the link of the mail.
///
/// Settles the invoice as `POST /invoices/{invoiceId}/mark-paid` does, unless the request may be a mail
/// scanner's: `HEAD`, prefetches, `Range`, the first seconds after the mail was sent, or both links
/// within a moment. Such a request changes nothing and leads to `status=confirm`, where a person presses
/// a button. The response always leads to `{WEB_URL}/checkin` with `status` (`paid`, `invalid`,
/// `expired`, `already_answered`, `confirm`), and for `confirm` the `answer` to be confirmed. The token
/// follows in the fragment, which is neither sent to servers nor logged; the page that the API serves
/// itself gets it in a cookie for its own path.
#[utoipa::path(
    get,
    path = "/checkin/{token}/paid",
    tag = "check-in",
    responses((
        status = 302,
        description = "Redirects to the page with the outcome.",
        headers(("Location" = String, description = "The page: `{WEB_URL}/checkin?status=…#token=…`, or without the fragment and with a cookie.")),
    )),
    security(()),
)]
#[route("/checkin/{token}/paid", method = "GET", method = "HEAD")]
pub async fn open_paid_link(
    request: HttpRequest,
    token: CheckinToken,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    open(&request, &token, CheckinAnswer::Paid, &app).await
}

/// Answers that an invoice is still unpaid, by the link of the mail.
///
/// The reminders go on; one that waited for the answer is sent in business hours. The rules of the link
/// that declares the invoice paid apply to this one too, with `status=pending`.
#[utoipa::path(
    get,
    path = "/checkin/{token}/pending",
    tag = "check-in",
    responses((
        status = 302,
        description = "Redirects to the page with the outcome.",
        headers(("Location" = String, description = "The page: `{WEB_URL}/checkin?status=…#token=…`, or without the fragment and with a cookie.")),
    )),
    security(()),
)]
#[route("/checkin/{token}/pending", method = "GET", method = "HEAD")]
pub async fn open_pending_link(
    request: HttpRequest,
    token: CheckinToken,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    open(&request, &token, CheckinAnswer::StillPending, &app).await
}

async fn open(
    request: &HttpRequest,
    token: &CheckinToken,
    answer: CheckinAnswer,
    app: &App,
) -> Result<HttpResponse, ApiError> {
    let now = app.clock.now();
    let by = AnsweredBy::Link(opening(request, answer.into(), now));
    let mut conn = app.db.get().await?;
    let outcome =
        rubis_lifecycle::answer_checkin(&mut conn, token.expose(), answer, by, &app.checkin_rules(), now)
            .await?;
    Ok(land(app, Some(PageStatus::of(outcome, answer)), token.expose()))
}
