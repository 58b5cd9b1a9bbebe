//! `POST /auth/password/change`

use actix_web::{HttpRequest, HttpResponse, post, web::Data};
use rubis_accounts::{KnownDevice, OwnPassword, PasswordHash};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    ApiError, App, Tenant,
    audit::{Audit, AuditEvent},
    cookies,
    json_body::Json,
    rate_limits,
};

/// A user's current password and its replacement.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "currentPassword": "correct horse battery staple",
    "newPassword": "le rabot chante sous la pluie",
}))]
pub struct ChangePassword {
    /// The current password.
    #[schema(format = "password")]
    current_password: String,
    /// Neither a common password nor one made of the mail address or a name, and not the current one.
    #[schema(format = "password", min_length = 10, max_length = 128)]
    new_password: String,
}

/// Changes the signed-in user's password.
///
/// All other sessions of the user end, and links of password mails with them. The user is notified by mail.
#[utoipa::path(
    tag = "auth",
    responses(
        (status = 204, description = "The password is changed; this session goes on."),
        (status = 409, description = "`password_changed_meanwhile`: the password was changed at the same moment."),
        (status = 422, description = "`validation_failed`: `wrong_password` for `currentPassword`, or what is wrong with `newPassword`."),
    ),
)]
#[post("/auth/password/change")]
pub async fn change_password(
    request: HttpRequest,
    tenant: Tenant,
    body: Json<ChangePassword>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let ChangePassword { current_password, new_password } = body.0;
    let before = {
        let mut conn = app.db.get().await?;
        rubis_accounts::own_password(&mut conn, tenant.user).await?.ok_or_else(ApiError::not_found)?
    };
    let password = before.new_password("newPassword", &new_password)?;
    if new_password == current_password {
        return Err(ApiError::invalid_field(
            "newPassword",
            "unchanged",
            "must differ from the current password",
        ));
    }
    rate_limits::password_attempt(&app, tenant.user).await?;
    let verify = move || -> Result<Option<(OwnPassword, PasswordHash)>, ApiError> {
        if !before.verify(&current_password) {
            return Ok(None);
        }
        let hash = PasswordHash::hash(&password)?;
        Ok(Some((before, hash)))
    };
    let Some((before, hash)) = app.hash_aside(verify).await?? else {
        Audit::of(&request).record(&AuditEvent::PasswordRefused);
        return Err(ApiError::invalid_field(
            "currentPassword",
            "wrong_password",
            "is not the current password",
        ));
    };
    rate_limits::password_was_right(&app, tenant.user).await;
    let mut conn = app.db.get().await?;
    let kept = Some(tenant.session);
    let ended = rubis_accounts::change_password(&mut conn, &before, &hash, kept, app.clock.now()).await?;
    Audit::of(&request).record(&AuditEvent::PasswordChanged { ended });
    let device = KnownDevice::fresh().seal(&app.keys.device, tenant.user, &hash);
    Ok(HttpResponse::NoContent().cookie(cookies::device(&app, device)).finish())
}
