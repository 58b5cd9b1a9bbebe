//! `POST /checkin/{token}/undo`, `POST /checkin/{token}/undo-together`

use actix_web::{HttpRequest, post, web::Data};
use rubis_checkins::CheckinLink;

use crate::{
    ApiResult, App, Reply,
    bodies::CheckinBody,
    checkin_button::{ButtonHeader, require_button},
    checkin_token::{CheckinToken, user_agent},
};

/// Undoes the answer "paid": the invoice is still pending.
///
/// Only the payment that the answer recorded is voided, and reminders that had not been sent are planned
/// again.
#[utoipa::path(
    tag = "check-in",
    params(ButtonHeader),
    responses(
        (status = 200, description = "The check-in as it is now.", body = CheckinBody),
        (status = 403, description = "`button_refused`: `X-Checkin-Button` is missing, of another check-in, or older than an hour."),
        (status = 404, description = "`checkin_not_found`: no check-in has this token."),
        (status = 410, description = "`checkin_gone`: its links ended more than 30 days ago."),
        (
            status = 409,
            description = "`not_undoable`: it was not answered `paid`, too long ago, or the invoice was settled otherwise since.",
        ),
    ),
    security(()),
)]
#[post("/checkin/{token}/undo")]
pub async fn undo_answer(
    request: HttpRequest,
    token: CheckinToken,
    app: Data<App>,
) -> ApiResult<CheckinBody> {
    undo(&request, &token, &app, Scope::OwnAnswer).await
}

/// Undoes the answers "paid" that were given at once.
///
/// Undoes the answers that were given together with this check-in's own, or else the last ones that were
/// given together for its mail. Each is undone on its own; one that cannot be undone any more stays as it
/// is.
#[utoipa::path(
    tag = "check-in",
    params(ButtonHeader),
    responses(
        (status = 200, description = "The check-in as it is now.", body = CheckinBody),
        (status = 403, description = "`button_refused`: `X-Checkin-Button` is missing, of another check-in, or older than an hour."),
        (status = 404, description = "`checkin_not_found`: no check-in has this token."),
        (status = 410, description = "`checkin_gone`: its links ended more than 30 days ago."),
        (status = 409, description = "`not_undoable`: none of them can be undone any more."),
    ),
    security(()),
)]
#[post("/checkin/{token}/undo-together")]
pub async fn undo_answers_together(
    request: HttpRequest,
    token: CheckinToken,
    app: Data<App>,
) -> ApiResult<CheckinBody> {
    undo(&request, &token, &app, Scope::AnsweredTogether).await
}

/// Answers that one request undoes.
enum Scope {
    OwnAnswer,
    AnsweredTogether,
}

async fn undo(
    request: &HttpRequest,
    token: &CheckinToken,
    app: &App,
    scope: Scope,
) -> ApiResult<CheckinBody> {
    let (by, rules, now) = (user_agent(request), app.checkin_rules(), app.clock.now());
    let mut conn = app.db.get().await?;
    require_button(&mut conn, app, request, token, CheckinLink::Undo).await?;
    match scope {
        Scope::OwnAnswer => {
            rubis_lifecycle::undo_checkin(&mut conn, token.expose(), &by, &rules, now).await?;
        }
        Scope::AnsweredTogether => {
            rubis_lifecycle::undo_checkins(&mut conn, token.expose(), &by, &rules, now).await?;
        }
    }
    super::state(&mut conn, app, token).await.map(Reply)
}
