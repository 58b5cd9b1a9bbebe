//! `POST /relances/{relanceId}/cancel`

use actix_web::{post, web::Data};
use rubis_kernel::RelanceTaskId;

use crate::{ApiResult, App, Reply, Tenant, bodies::RelanceBody, path_param::PathParam};

/// Cancels one reminder permanently. After the response, it is not sent.
#[utoipa::path(
    tag = "relances",
    responses(
        (status = 200, description = "The reminder as it is now.", body = RelanceBody),
        (status = 409, description = "`already_being_sent`: it is too late. `relance_already_done`: it was sent or cancelled before."),
    ),
)]
#[post("/relances/{relanceId}/cancel")]
pub async fn cancel_relance(
    tenant: Tenant,
    id: PathParam<RelanceTaskId>,
    app: Data<App>,
) -> ApiResult<RelanceBody> {
    let mut conn = app.db.get().await?;
    let now = app.clock.now();
    let relance =
        rubis_relances::cancel_relance(&mut conn, tenant.organization, id.0, tenant.user, now).await?;
    Ok(Reply(relance.into()))
}
