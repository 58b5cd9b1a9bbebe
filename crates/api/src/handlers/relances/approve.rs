//! `POST /relances/{relanceId}/approve`

use actix_web::{post, web::Data};
use rubis_kernel::RelanceTaskId;

use crate::{ApiResult, App, Reply, Tenant, bodies::RelanceBody, segment::Segment};

/// Approves a drafted *mise en demeure*, which then leaves at once.
///
/// Who approved which text, and when, stays on record.
#[utoipa::path(
    tag = "relances",
    responses(
        (status = 200, description = "The reminder as it is now.", body = RelanceBody),
        (status = 409, description = "`not_drafted`, `draft_outdated` (the balance changed: read the new text), `already_approved`, `already_being_sent`, `relance_already_done`, `invoice_not_chased`, `paused`, `mail_too_long`."),
    ),
)]
#[post("/relances/{relanceId}/approve")]
pub async fn approve_relance(
    tenant: Tenant,
    id: Segment<RelanceTaskId>,
    app: Data<App>,
) -> ApiResult<RelanceBody> {
    let mut conn = app.db.get().await?;
    let now = app.clock.now();
    let relance =
        rubis_relances::approve_relance(&mut conn, tenant.organization, id.0, tenant.user, now).await?;
    Ok(Reply(relance.into()))
}
