//! `GET {WEB_URL}/checkin`: shows a check-in.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use rubis_checkins::CheckinLink;

use super::{CheckinPage, fields::Fields, write};
use crate::{ApiError, App, checkin_token::opening, pages::trouble};

/// Shows how a check-in stands. Opening the page changes nothing about it.
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
    let (token, now) = (fields.get("token"), app.clock.now());
    let view = if token.is_empty() {
        None
    } else {
        let mut conn = app.db.get().await?;
        let opening = opening(request, CheckinLink::Page, now);
        rubis_lifecycle::record_page_opening(&mut conn, token, &opening).await?;
        rubis_lifecycle::read_checkin(&mut conn, token, &app.checkin_rules(), now).await?
    };
    Ok(match view {
        Some(view) => {
            let written = write::Writing { page, token, view: &view, life: app.settings.checkins.ttl };
            written.page(fields.told()).response(StatusCode::OK)
        }
        None => write::unknown().response(StatusCode::NOT_FOUND),
    })
}
