//! `DELETE /auth/sessions/{sessionId}`

use actix_web::{HttpRequest, HttpResponse, delete, web::Data};
use rubis_kernel::SessionId;

use crate::{
    ApiError, App, Tenant,
    audit::{Audit, AuditEvent},
    path_param::PathParam,
};

/// Ends one of the signed-in user's sessions at once, with its access and refresh tokens.
#[utoipa::path(
    tag = "auth",
    responses(
        (status = 204, description = "The session has ended."),
        (status = 404, description = "`not_found`: the user has no such session."),
    ),
)]
#[delete("/auth/sessions/{sessionId}")]
pub async fn end_session(
    request: HttpRequest,
    tenant: Tenant,
    id: PathParam<SessionId>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let mut conn = app.db.get().await?;
    if !rubis_accounts::end_own_session(&mut conn, tenant.user, id.0, app.clock.now()).await? {
        return Err(ApiError::not_found());
    }
    Audit::of(&request).record(&AuditEvent::SessionEnded { ended: id.0 });
    Ok(HttpResponse::NoContent().finish())
}
