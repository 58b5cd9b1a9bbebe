//! `POST /checkin/{token}/renew`

use actix_web::{HttpRequest, HttpResponse, post, web::Data};
use rubis_checkins::CheckinLink;

use crate::{
    ApiError, App,
    bodies::CheckinBody,
    checkin_button::{ButtonHeader, require_button},
    checkin_token::{CheckinToken, user_agent},
};

/// Mails fresh links to the organization's user, in place of expired ones.
///
/// They are sent to the current address of the account, and never shown. One mail an hour is sent for an
/// invoice.
#[utoipa::path(
    tag = "check-in",
    params(ButtonHeader),
    responses(
        (status = 202, description = "The mail is queued; the check-in in its current state.", body = CheckinBody),
        (status = 403, description = "`button_refused`: `X-Checkin-Button` is missing, of another check-in, or older than an hour."),
        (status = 404, description = "`checkin_not_found`: no check-in has this token."),
        (status = 410, description = "`checkin_gone`: its links ended more than 30 days ago."),
        (
            status = 409,
            description = "`already_answered`: it was answered, or the invoice is settled; `not_renewable`: the invoice needs no check-in any more.",
        ),
    ),
    security(()),
)]
#[post("/checkin/{token}/renew")]
pub async fn renew_links(
    request: HttpRequest,
    token: CheckinToken,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let (by, rules, now) = (user_agent(&request), app.checkin_rules(), app.clock.now());
    let mut conn = app.db.get().await?;
    require_button(&mut conn, &app, &request, &token, CheckinLink::Renew).await?;
    rubis_lifecycle::renew_checkin(&mut conn, token.expose(), &by, &rules, now).await?;
    Ok(HttpResponse::Accepted().json(super::state(&mut conn, &app, &token).await?))
}
