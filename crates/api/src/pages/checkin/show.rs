//! `GET {WEB_URL}/checkin`: shows a check-in.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use rubis_checkins::CheckinLink;
use rubis_lifecycle::ReadCheckinError;

use super::{
    CheckinPage, PageStatus,
    fields::Fields,
    landing::{continue_on, token_of},
    write,
};
use crate::{ApiError, App, checkin_button::button_value, checkin_token::opening, pages::trouble};

/// Shows the state of a check-in. Opening the page changes nothing.
pub async fn show_checkin_page(
    request: HttpRequest,
    page: Data<CheckinPage>,
    app: Data<App>,
) -> HttpResponse {
    match show(&request, &page, &app).await {
        Ok(response) => response,
        Err(error) => trouble::page(&error),
    }
}

async fn show(request: &HttpRequest, page: &CheckinPage, app: &App) -> Result<HttpResponse, ApiError> {
    let fields = Fields::of_query(request);
    if !fields.get("token").is_empty() {
        // A link in a mail of an earlier release, whose address would stay in histories and logs.
        return Ok(continue_on(app, page, fields.page_status(), fields.get("token")));
    }
    let (token, now) = (token_of(request), app.clock.now());
    let token = token.as_str();
    let view = if token.is_empty() {
        if fields.page_status() == Some(PageStatus::Expired) {
            return Ok(write::gone()?.response(StatusCode::GONE));
        }
        None
    } else {
        let mut conn = app.db.get().await?;
        let (opening, rules) = (opening(request, CheckinLink::Page, now), app.checkin_rules());
        rubis_lifecycle::record_page_opening(&mut conn, token, &opening, &rules).await?;
        match rubis_lifecycle::read_checkin(&mut conn, token, &rules, now).await {
            Err(ReadCheckinError::Gone) => return Ok(write::gone()?.response(StatusCode::GONE)),
            read => read?,
        }
    };
    Ok(match view {
        Some(view) => {
            let button = button_value(&app.keys.checkin_button, token, now);
            let written =
                write::Writing { page, token, button: &button, view: &view, life: app.settings.checkins.ttl };
            written.page(fields.page_status())?.response(StatusCode::OK)
        }
        None => write::unknown()?.response(StatusCode::NOT_FOUND),
    })
}
