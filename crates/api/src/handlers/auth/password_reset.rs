//! `POST /auth/password/reset`

use actix_web::{HttpRequest, HttpResponse, post, web::Data};
use rubis_accounts::{KnownDevice, PasswordHash};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    ApiError, App,
    audit::{Audit, AuditEvent},
    cookies,
    json_body::Json,
};

/// The token of a password mail, and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "token": "q0lJ3T0xVgk2x1c9cBzX1b5cQe3n0kYwJ8sPz4mH7uA",
    "newPassword": "correct horse battery staple",
}))]
pub struct ResetPassword {
    /// The `token` in the fragment of the mail's link.
    #[schema(min_length = 1, max_length = 200)]
    token: String,
    /// Neither a common password nor one made of the mail address or a name.
    #[schema(format = "password", min_length = 10, max_length = 128)]
    new_password: String,
}

/// Replaces a forgotten password.
///
/// A token is valid for 30 minutes and one use; a refused password does not use it. All sessions of the
/// user end, and the address counts as verified, since the link was sent there. Sign in with the new
/// password afterwards.
#[utoipa::path(
    tag = "auth",
    responses(
        (status = 204, description = "The password is replaced; the user can sign in with it."),
        (status = 400, description = "`invalid_token`: no password mail has this token."),
        (status = 409, description = "`password_changed_meanwhile`: the password was changed at the same moment."),
        (status = 410, description = "`token_expired`: request another mail; `token_used`: it was used before, or the password was changed since."),
    ),
    security(()),
)]
#[post("/auth/password/reset")]
pub async fn reset_password(
    request: HttpRequest,
    body: Json<ResetPassword>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let ResetPassword { token, new_password } = body.0;
    let now = app.clock.now();
    let before = {
        let mut conn = app.db.get().await?;
        rubis_accounts::password_to_reset(&mut conn, &token, now).await?
    };
    let password = before.new_password("newPassword", &new_password)?;
    let hash = app.hash_aside(move || PasswordHash::hash(&password)).await??;
    let mut conn = app.db.get().await?;
    let ended = rubis_lifecycle::reset_password(&mut conn, &token, &before, &hash, now).await?;
    let user = before.user().id;
    Audit::of(&request).about_user(user).record(&AuditEvent::PasswordReset { ended });
    let device = KnownDevice::fresh().seal(&app.keys.device, user, &hash);
    Ok(HttpResponse::NoContent().cookie(cookies::device(&app, device)).finish())
}
