//! `GET /checkin/{token}`

use actix_web::{route, web::Data};

use crate::{ApiResult, App, Reply, bodies::CheckinBody, checkin_token::CheckinToken};

/// Returns the state of a check-in, with the others of its mail. Changes nothing.
#[utoipa::path(
    get,
    path = "/checkin/{token}",
    tag = "check-in",
    responses(
        (status = 200, description = "The check-in.", body = CheckinBody),
        (status = 404, description = "`checkin_not_found`: no check-in has this token."),
        (status = 410, description = "`checkin_gone`: its links ended more than 30 days ago."),
    ),
    security(()),
)]
#[route("/checkin/{token}", method = "GET", method = "HEAD")]
pub async fn get_checkin(token: CheckinToken, app: Data<App>) -> ApiResult<CheckinBody> {
    let mut conn = app.db.get().await?;
    super::state(&mut conn, &app, &token).await.map(Reply)
}
