//! `POST /auth/login`

use actix_web::{HttpRequest, HttpResponse, post, web::Data};
use rubis_accounts::{KnownDevice, VerifiedAccount};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    ApiError, App,
    audit::{self, Audit, AuditEvent},
    bodies::{OrganizationBody, SessionBody},
    cookies,
    json_body::Json,
    rate_limits,
    session_client::session_client,
    sign_in_limits::SignInAttempt,
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
/// The response takes the same time for known and unknown addresses. It sets a cookie by which the
/// account recognises the browser: wrong passwords from elsewhere do not delay a device that the account
/// knows.
#[utoipa::path(
    tag = "auth",
    responses(
        (status = 200, description = "The user is signed in.", body = SessionBody),
        (status = 401, description = "`invalid_credentials`: the address or the password is wrong."),
    ),
    security(()),
)]
#[post("/auth/login")]
pub async fn log_in(
    request: HttpRequest,
    body: Json<LogIn>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let LogIn { email, password } = body.0;

    // No connection is held while the password is checked.
    let credentials = {
        let mut conn = app.db.get().await?;
        rubis_accounts::credentials(&mut conn, &email).await?
    };
    let device_token = cookies::device_token(&app, &request);
    let device = device_token.and_then(|token| credentials.known_device(&app.keys.device, &token));
    if device.is_none() {
        rate_limits::device_of_another_account(&app, &request).await?;
    }
    let user = credentials.user().map(|user| user.id);
    let attempt = SignInAttempt::begin(&app, &request, &email, device).await?;
    match app.hash_aside(move || credentials.verify(&password)).await {
        Ok(Some(account)) => {
            attempt.give_back(&app).await;
            rate_limits::sign_in_succeeded(&app, &request).await;
            open(&app, &request, account, device).await
        }
        Err(error) => {
            // The password was not checked.
            attempt.give_back(&app).await;
            Err(error)
        }
        Ok(None) => {
            if attempt.failed(&app).await {
                let mut conn = app.db.get().await?;
                rubis_accounts::warn_of_failed_sign_ins(&mut conn, user, app.clock.now()).await?;
            }
            let account = audit::account_hash(&app, &email);
            Audit::of(&request).record(&AuditEvent::SignInFailed { account });
            Err(wrong_credentials())
        }
    }
}

fn wrong_credentials() -> ApiError {
    ApiError::unauthorized("invalid_credentials", "The mail address or the password is wrong.")
}

async fn open(
    app: &App,
    request: &HttpRequest,
    account: VerifiedAccount,
    device: Option<KnownDevice>,
) -> Result<HttpResponse, ApiError> {
    let device_token = account.device_token(&app.keys.device, device.unwrap_or_else(KnownDevice::fresh));
    let client = session_client(app, request);
    let mut conn = app.db.get().await?;
    let signed_in =
        rubis_accounts::sign_in(&mut conn, account, &client, app.clock.now(), app.session_rules()).await?;
    let signed_in = signed_in.ok_or_else(wrong_credentials)?;
    let session = signed_in.session;
    Audit::of(request)
        .about(signed_in.user.id, signed_in.organization.id)
        .in_session(session.session_id)
        .record(&AuditEvent::SignInSucceeded { known_device: device.is_some() });
    let role = signed_in.membership.role;
    let subscription = rubis_billing::subscription_of(&conn, signed_in.organization.id).await?;
    let organization = OrganizationBody::new(signed_in.organization, subscription);
    let body = SessionBody::new(app, session.session_id, signed_in.user, organization, role);
    let mut response = HttpResponse::Ok();
    for cookie in cookies::signed_in(app, request, &session.refresh_token) {
        response.cookie(cookie);
    }
    Ok(response.cookie(cookies::device(app, device_token)).json(body))
}
