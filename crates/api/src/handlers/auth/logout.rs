//! `POST /auth/logout`

use actix_web::{HttpResponse, post, web::Data};

use crate::{ApiError, App, Tenant, refresh_cookie};

/// Signs the user out: the session ends at once, with its access and refresh tokens.
#[utoipa::path(
    tag = "auth",
    responses((status = 204, description = "The session has ended.")),
)]
#[post("/auth/logout")]
pub async fn log_out(tenant: Tenant, app: Data<App>) -> Result<HttpResponse, ApiError> {
    let mut conn = app.db.get().await?;
    rubis_accounts::sign_out(&mut conn, tenant.session, app.clock.now()).await?;
    Ok(HttpResponse::NoContent().cookie(refresh_cookie::forget(&app)).finish())
}
