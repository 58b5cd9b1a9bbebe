//! `POST /auth/password/forgot`

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, post, web::Data};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};
use utoipa::ToSchema;

use crate::{
    ApiError, App,
    audit::{self, Audit, AuditEvent},
    json_body::Json,
    rate_limits,
};

/// Time after which the response is sent, for known and unknown addresses alike. The work for a known one
/// takes a few milliseconds.
const RESPONSE_TIME: Duration = Duration::from_millis(200);

/// The address of an account whose password was forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "email": "claire.martin@exemple.fr" }))]
pub struct ForgottenPassword {
    /// The mail address of the account. Any other text is accepted too, and sends nothing.
    email: String,
}

/// The confirmation that a request was accepted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordMailBody {
    /// Minutes for which the link is valid, if a mail is sent.
    pub valid_minutes: i64,
}

/// Sends a link to choose another password if an account has this address.
///
/// The response is the same, and takes the same time, for known and unknown addresses. The link is valid
/// for 30 minutes and one use. At most three mails an hour are sent to one address: further requests are
/// accepted and send nothing.
#[utoipa::path(
    tag = "auth",
    responses((status = 202, description = "The request was accepted.", body = PasswordMailBody)),
    security(()),
)]
#[post("/auth/password/forgot")]
pub async fn forgot_password(
    request: HttpRequest,
    body: Json<ForgottenPassword>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let responds_at = Instant::now() + RESPONSE_TIME;
    let email = body.0.email;
    let account = audit::account_hash(&app, &email);
    Audit::of(&request).record(&AuditEvent::PasswordResetRequested { account });
    if rate_limits::may_send_password_mail(&app, &email).await {
        let mut conn = app.db.get().await?;
        let now = app.clock.now();
        rubis_accounts::request_password_reset(&mut conn, &app.keys.account, &email, now).await?;
    }
    sleep_until(responds_at).await;
    let valid_minutes = rubis_accounts::TokenPurpose::ResetPassword.life().whole_minutes();
    Ok(HttpResponse::Accepted().json(PasswordMailBody { valid_minutes }))
}
