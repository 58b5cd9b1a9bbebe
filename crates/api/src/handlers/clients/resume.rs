//! `POST /clients/{clientId}/resume`

use actix_web::{post, web::Data};
use rubis_kernel::ClientId;

use crate::{ApiResult, App, Reply, Tenant, bodies::ClientBody, path_param::PathParam, rate_limits};

/// Resumes a client's reminders.
///
/// Reminders that were held back are sent by the catch-up policy, as late ones are.
#[utoipa::path(
    tag = "clients",
    responses((status = 200, description = "The client as they are now.", body = ClientBody)),
)]
#[post("/clients/{clientId}/resume")]
pub async fn resume_client(tenant: Tenant, id: PathParam<ClientId>, app: Data<App>) -> ApiResult<ClientBody> {
    rate_limits::planning_change(&app, tenant.organization).await?;
    let mut conn = app.db.get().await?;
    let actor = Some(tenant.user);
    let client =
        rubis_lifecycle::resume_client(&mut conn, tenant.organization, id.0, actor, app.clock.now()).await?;
    Ok(Reply(client.into()))
}
