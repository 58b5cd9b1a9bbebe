//! `POST /auth/login`

use actix_web::{HttpResponse, post, web::Data};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    ApiError, App,
    bodies::{OrganizationBody, SessionBody},
    json_body::Json,
    lifetime, rate_limits, refresh_cookie,
};

/// An address and its password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "email": "claire.martin@exemple.fr", "password": "correct horse battery staple" }))]
pub struct LogIn {
    /// The mail address of the account.
    #[schema(format = "email")]
    email: String,
    /// Its password.
    #[schema(format = "password")]
    password: String,
}

/// Signs a user in.
///
/// The answer takes the same time whether the address is known or not.
#[utoipa::path(
    tag = "auth",
    responses(
        (status = 200, description = "The user is signed in.", body = SessionBody),
        (status = 401, description = "`invalid_credentials`: the address or the password is wrong."),
    ),
    security(()),
)]
#[post("/auth/login")]
pub async fn log_in(body: Json<LogIn>, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let LogIn { email, password } = body.0;
    rate_limits::sign_in_of_account(&app, &email).await?;

    // No connection is held while the password is checked.
    let credentials = {
        let mut conn = app.db.get().await?;
        rubis_accounts::credentials(&mut conn, &email).await?
    };
    let account = app.hash_aside(move || credentials.verify(&password)).await?.ok_or_else(|| {
        ApiError::unauthorized("invalid_credentials", "The mail address or the password is wrong.")
    })?;

    let mut conn = app.db.get().await?;
    let ttl = lifetime(app.settings.auth.refresh_token_ttl);
    let signed_in = rubis_accounts::sign_in(&mut conn, account, app.clock.now(), ttl).await?;
    let session = signed_in.session;
    let role = signed_in.membership.role;
    let subscription = rubis_billing::subscription_of(&conn, signed_in.organization.id).await?;
    let organization = OrganizationBody::new(signed_in.organization, subscription);
    let body = SessionBody::new(&app, session.session_id, signed_in.user, organization, role);
    Ok(HttpResponse::Ok().cookie(refresh_cookie::issue(&app, &session.refresh_token)).json(body))
}
