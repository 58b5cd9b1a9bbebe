//! `POST /auth/email/verify`

use actix_web::{HttpRequest, HttpResponse, post, web::Data};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    ApiError, App,
    audit::{Audit, AuditEvent},
    json_body::Json,
};

/// The token of a verification mail.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "token": "q0lJ3T0xVgk2x1c9cBzX1b5cQe3n0kYwJ8sPz4mH7uA" }))]
pub struct VerifyEmail {
    /// The `token` in the fragment of the mail's link.
    #[schema(min_length = 1, max_length = 200)]
    token: String,
}

/// Verifies a user's mail address.
///
/// A token is valid for 24 hours and one use. From then on mails are sent on behalf of the organization;
/// those that waited for it are sent by the catch-up policy.
#[utoipa::path(
    tag = "auth",
    responses(
        (status = 204, description = "The address is verified."),
        (status = 400, description = "`invalid_token`: no verification mail has this token."),
        (
            status = 410,
            description = "`token_expired`: request another mail; `token_used`: it was used before, or a later one was.",
        ),
    ),
    security(()),
)]
#[post("/auth/email/verify")]
pub async fn verify_email(
    request: HttpRequest,
    body: Json<VerifyEmail>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let mut conn = app.db.get().await?;
    let verified = rubis_lifecycle::verify_address(&mut conn, &body.0.token, app.clock.now()).await?;
    Audit::of(&request).about_user(verified.user_id).record(&AuditEvent::AddressVerified);
    Ok(HttpResponse::NoContent().finish())
}
