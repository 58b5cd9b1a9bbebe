//! `POST /auth/email/resend`

use actix_web::{HttpResponse, post, web::Data};
use rubis_accounts::Verification;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{ApiError, App, Tenant, rate_limits};

/// The state of the user's address.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationBody {
    /// True if the address was verified already; no mail is sent then.
    pub email_verified: bool,
}

/// Sends the signed-in user another verification mail. Does nothing if the address is verified.
///
/// Five mails an hour. Links of earlier mails stay valid until they expire or one of them is used.
#[utoipa::path(
    tag = "auth",
    responses(
        (
            status = 202,
            description = "The mail is queued, or the address is verified already.",
            body = VerificationBody,
        ),
        (status = 409, description = "`verification_period_over`: the account was created more than 30 days ago."),
    ),
)]
#[post("/auth/email/resend")]
pub async fn resend_verification(tenant: Tenant, app: Data<App>) -> Result<HttpResponse, ApiError> {
    rate_limits::verification_mail(&app, tenant.user).await?;
    let mut conn = app.db.get().await?;
    let (keys, now) = (&app.keys.account, app.clock.now());
    let verification = rubis_accounts::request_verification(&mut conn, keys, tenant.user, now).await?;
    let email_verified = verification == Verification::AlreadyVerified;
    Ok(HttpResponse::Accepted().json(VerificationBody { email_verified }))
}
