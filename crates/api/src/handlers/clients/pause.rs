//! `POST /clients/{clientId}/pause`

use actix_web::{post, web::Data};
use rubis_kernel::ClientId;

use crate::{
    ApiResult, App, Reply, Tenant,
    bodies::{ClientBody, PauseRequest},
    json_body::OptionalJson,
    path_param::PathParam,
    rate_limits,
};

/// Pauses a client's reminders.
///
/// Another pause replaces the first.
#[utoipa::path(
    tag = "clients",
    request_body(content = Option<PauseRequest>),
    responses((status = 200, description = "The client as they are now.", body = ClientBody)),
)]
#[post("/clients/{clientId}/pause")]
pub async fn pause_client(
    tenant: Tenant,
    id: PathParam<ClientId>,
    body: OptionalJson<PauseRequest>,
    app: Data<App>,
) -> ApiResult<ClientBody> {
    rate_limits::planning_change(&app, tenant.organization).await?;
    let mut conn = app.db.get().await?;
    let until = body.0.until();
    let actor = Some(tenant.user);
    let client =
        rubis_lifecycle::pause_client(&mut conn, tenant.organization, id.0, until, actor, app.clock.now())
            .await?;
    Ok(Reply(client.into()))
}
