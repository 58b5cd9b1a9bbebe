//! `POST {WEB_URL}/checkin`: a button of the page was pressed.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Data},
};
use rubis_checkins::{CheckinAnswer, CheckinLink};
use rubis_lifecycle::{AnsweredBy, CheckinOutcome, RefusedButton, RenewCheckinError, UndoCheckinError};

use super::{CheckinPage, PageStatus, fields::Fields, landing::continue_on};
use crate::{
    ApiError, App,
    checkin_button::is_button_value,
    checkin_token::{opening, user_agent},
    pages::trouble,
    rate_limits,
};

/// Executes a button's action, and redirects the browser to the page with the outcome, so that a reload
/// sends nothing again.
pub async fn act_on_checkin_page(
    request: HttpRequest,
    payload: web::Payload,
    page: Data<CheckinPage>,
    app: Data<App>,
) -> HttpResponse {
    let acted = async {
        let fields = Fields::of_form(&request, payload.into_inner()).await?;
        let status = act(&app, &request, &fields).await?;
        Ok(continue_on(&app, &page, status, fields.get("token")))
    };
    acted.await.unwrap_or_else(|error| trouble::page(&error))
}

async fn act(app: &App, request: &HttpRequest, fields: &Fields) -> Result<Option<PageStatus>, ApiError> {
    let token = fields.get("token");
    let action = fields.get("action");
    let value = fields.get("button");
    if !is_button_value(&app.keys.checkin_button, token, value, app.clock.now()) {
        return refuse(app, request, token, action).await;
    }
    Ok(match action {
        "paid" => Some(answer(app, request, token, CheckinAnswer::Paid).await?),
        "pending" => Some(answer(app, request, token, CheckinAnswer::StillPending).await?),
        "answers" => Some(answer_together(app, request, token, fields).await?),
        "undo" => Some(undo(app, request, token).await?),
        "undo_together" => Some(undo_together(app, request, token).await?),
        "renew" => Some(renew(app, request, token).await?),
        // Our pages have no such button.
        _ => None,
    })
}

/// Redirects to the page, with a new value, after a button that the page did not set or set too long ago.
async fn refuse(
    app: &App,
    request: &HttpRequest,
    token: &str,
    action: &str,
) -> Result<Option<PageStatus>, ApiError> {
    let (link, status) = match action {
        "paid" => (CheckinLink::Paid, PageStatus::Confirm(CheckinAnswer::Paid)),
        "pending" => (CheckinLink::Pending, PageStatus::Confirm(CheckinAnswer::StillPending)),
        "answers" => (CheckinLink::Page, PageStatus::Repeat),
        "undo" | "undo_together" => (CheckinLink::Undo, PageStatus::AlreadyAnswered),
        "renew" => (CheckinLink::Renew, PageStatus::Expired),
        // Our pages have no such button.
        _ => return Ok(None),
    };
    let opening = opening(request, link, app.clock.now());
    let mut conn = app.db.get().await?;
    let refused =
        rubis_lifecycle::record_refused_button(&mut conn, token, &opening, &app.checkin_rules()).await?;
    Ok(Some(match refused {
        RefusedButton::Recorded => status,
        RefusedButton::Gone => PageStatus::Gone,
        RefusedButton::Unknown => PageStatus::Invalid,
    }))
}

async fn answer(
    app: &App,
    request: &HttpRequest,
    token: &str,
    answer: CheckinAnswer,
) -> Result<PageStatus, ApiError> {
    let by = AnsweredBy::Button { user_agent: user_agent(request) };
    let mut conn = app.db.get().await?;
    let outcome =
        rubis_lifecycle::answer_checkin(&mut conn, token, answer, by, &app.checkin_rules(), app.clock.now())
            .await?;
    Ok(PageStatus::of(outcome, answer))
}

async fn answer_together(
    app: &App,
    request: &HttpRequest,
    token: &str,
    fields: &Fields,
) -> Result<PageStatus, ApiError> {
    let answers = fields.answers();
    if answers.is_empty() {
        return Ok(PageStatus::NothingChosen);
    }
    let (by, now) = (user_agent(request), app.clock.now());
    let mut conn = app.db.get().await?;
    let outcomes =
        rubis_lifecycle::answer_many(&mut conn, token, &answers, &by, &app.checkin_rules(), now).await?;
    Ok(match outcomes {
        None => PageStatus::Invalid,
        Some(outcomes) if outcomes.iter().any(|(_, outcome)| *outcome == CheckinOutcome::Gone) => {
            PageStatus::Gone
        }
        Some(_) => PageStatus::Answered,
    })
}

async fn undo(app: &App, request: &HttpRequest, token: &str) -> Result<PageStatus, ApiError> {
    let (by, now) = (user_agent(request), app.clock.now());
    let mut conn = app.db.get().await?;
    let undone = rubis_lifecycle::undo_checkin(&mut conn, token, &by, &app.checkin_rules(), now).await;
    status_of_undo(undone.map(|()| PageStatus::Undone))
}

async fn undo_together(app: &App, request: &HttpRequest, token: &str) -> Result<PageStatus, ApiError> {
    let (by, now) = (user_agent(request), app.clock.now());
    let mut conn = app.db.get().await?;
    let undone = rubis_lifecycle::undo_checkins(&mut conn, token, &by, &app.checkin_rules(), now).await;
    status_of_undo(undone.map(|_| PageStatus::UndoneTogether))
}

fn status_of_undo(undone: Result<PageStatus, UndoCheckinError>) -> Result<PageStatus, ApiError> {
    match undone {
        Ok(status) => Ok(status),
        Err(UndoCheckinError::NotFound) => Ok(PageStatus::Invalid),
        Err(UndoCheckinError::Gone) => Ok(PageStatus::Gone),
        Err(UndoCheckinError::NotUndoable) => Ok(PageStatus::AlreadyAnswered),
        Err(error) => Err(error.into()),
    }
}

async fn renew(app: &App, request: &HttpRequest, token: &str) -> Result<PageStatus, ApiError> {
    rate_limits::checkin_renewal(app, request).await?;
    let (by, now) = (user_agent(request), app.clock.now());
    let mut conn = app.db.get().await?;
    match rubis_lifecycle::renew_checkin(&mut conn, token, &by, &app.checkin_rules(), now).await {
        Ok(()) => Ok(PageStatus::Renewed),
        Err(RenewCheckinError::NotFound) => Ok(PageStatus::Invalid),
        Err(RenewCheckinError::Gone) => Ok(PageStatus::Gone),
        Err(RenewCheckinError::AlreadyAnswered) => Ok(PageStatus::AlreadyAnswered),
        Err(RenewCheckinError::NotRenewable) => Ok(PageStatus::Expired),
        Err(RenewCheckinError::TooSoon { .. }) => Ok(PageStatus::TooSoon),
        Err(error) => Err(error.into()),
    }
}
