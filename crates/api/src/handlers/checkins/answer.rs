//! `POST /checkin/{token}/paid`, `POST /checkin/{token}/pending`

use actix_web::{HttpRequest, post, web::Data};
use rubis_checkins::CheckinAnswer;
use rubis_lifecycle::AnsweredBy;

use crate::{
    ApiError, ApiResult, App, Reply,
    bodies::CheckinBody,
    checkin_button::{ButtonHeader, require_button},
    checkin_token::{CheckinToken, user_agent},
};

/// Declares an invoice paid, by a button.
///
/// Settles the invoice as `POST /invoices/{invoiceId}/mark-paid` does, with the label `via check-in`,
/// cancels everything planned for it, and mails a confirmation. A person pressed the button, so the
/// precautions for links do not apply.
#[utoipa::path(
    tag = "check-in",
    params(ButtonHeader),
    responses(
        (status = 200, description = "The check-in as it is now.", body = CheckinBody),
        (status = 403, description = "`button_refused`: `X-Checkin-Button` is missing, of another check-in, or older than an hour."),
        (status = 404, description = "`checkin_not_found`: no check-in has this token."),
        (status = 409, description = "`already_answered`: it was answered before, or the invoice is settled."),
        (status = 410, description = "`checkin_expired`: it can't be answered any more; `checkin_gone`: its links ended more than 30 days ago."),
    ),
    security(()),
)]
#[post("/checkin/{token}/paid")]
pub async fn answer_paid(
    request: HttpRequest,
    token: CheckinToken,
    app: Data<App>,
) -> ApiResult<CheckinBody> {
    answer(&request, &token, CheckinAnswer::Paid, &app).await
}

/// Answers that an invoice is still unpaid, by a button.
///
/// The reminders go on; one that waited for the answer is sent in business hours.
#[utoipa::path(
    tag = "check-in",
    params(ButtonHeader),
    responses(
        (status = 200, description = "The check-in as it is now.", body = CheckinBody),
        (status = 403, description = "`button_refused`: `X-Checkin-Button` is missing, of another check-in, or older than an hour."),
        (status = 404, description = "`checkin_not_found`: no check-in has this token."),
        (status = 409, description = "`already_answered`: it was answered before, or the invoice is settled."),
        (status = 410, description = "`checkin_expired`: it can't be answered any more; `checkin_gone`: its links ended more than 30 days ago."),
    ),
    security(()),
)]
#[post("/checkin/{token}/pending")]
pub async fn answer_pending(
    request: HttpRequest,
    token: CheckinToken,
    app: Data<App>,
) -> ApiResult<CheckinBody> {
    answer(&request, &token, CheckinAnswer::StillPending, &app).await
}

async fn answer(
    request: &HttpRequest,
    token: &CheckinToken,
    answer: CheckinAnswer,
    app: &App,
) -> ApiResult<CheckinBody> {
    let by = AnsweredBy::Button { user_agent: user_agent(request) };
    let (rules, now) = (app.checkin_rules(), app.clock.now());
    let mut conn = app.db.get().await?;
    require_button(&mut conn, app, request, token, answer.into()).await?;
    let outcome = rubis_lifecycle::answer_checkin(&mut conn, token.expose(), answer, by, &rules, now).await?;
    match ApiError::of_checkin_outcome(outcome) {
        Some(refusal) => Err(refusal),
        None => super::state(&mut conn, app, token).await.map(Reply),
    }
}
