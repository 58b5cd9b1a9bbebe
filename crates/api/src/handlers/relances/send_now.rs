//! `POST /relances/{relanceId}/send-now`

use actix_web::{post, web::Data};
use rubis_kernel::RelanceTaskId;

use crate::{ApiResult, App, Reply, Tenant, bodies::RelanceBody, path_param::PathParam};

/// Sends a reminder before its date, or once more after it failed.
///
/// It is sent a minute later, at any hour, and can be cancelled until then. Those planned before it are cancelled.
#[utoipa::path(
    tag = "relances",
    responses(
        (status = 200, description = "The reminder, with the `sendAt` of its sending.", body = RelanceBody),
        (status = 409, description = "`already_being_sent`, `relance_already_done`, `approval_required`, `invoice_not_chased`, `paused`."),
    ),
)]
#[post("/relances/{relanceId}/send-now")]
pub async fn send_relance_now(
    tenant: Tenant,
    id: PathParam<RelanceTaskId>,
    app: Data<App>,
) -> ApiResult<RelanceBody> {
    let mut conn = app.db.get().await?;
    let relance =
        rubis_relances::send_relance_now(&mut conn, tenant.organization, id.0, app.clock.now()).await?;
    Ok(Reply(relance.into()))
}
