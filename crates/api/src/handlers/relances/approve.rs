//! `POST /relances/{relanceId}/approve`

use actix_web::{post, web::Data};
use rubis_kernel::RelanceTaskId;

use crate::{ApiError, ApiResult, App, Reply, Tenant, bodies::RelanceBody, path_param::PathParam};

/// Approves a drafted *mise en demeure*, which is sent a minute later. Until then it can be cancelled.
///
/// The approver, the text and the time stay on record. Days late, penalties and the deadline are computed
/// again on the day of sending. If anything else changed, the approval is void: `reason` is
/// `facts_changed`, and a person has to approve the new text. A mail does not prove that the client
/// received the notice; only a registered letter does.
#[utoipa::path(
    tag = "relances",
    responses(
        (status = 200, description = "The reminder as it is now.", body = RelanceBody),
        (status = 409, description = "`not_drafted`, `draft_outdated` (the amount, a recipient, a name or the plan's wording changed: read the new text), `already_approved`, `already_being_sent`, `relance_already_done`, `invoice_not_chased`, `paused`, `mail_too_long`, `mail_empty`."),
    ),
)]
#[post("/relances/{relanceId}/approve")]
pub async fn approve_relance(
    tenant: Tenant,
    id: PathParam<RelanceTaskId>,
    app: Data<App>,
) -> ApiResult<RelanceBody> {
    let mut conn = app.db.get().await?;
    let now = app.clock.now();
    rubis_relances::approve_relance(&mut conn, tenant.organization, id.0, tenant.user, now).await?;
    let relance = rubis_relances::relance_detail(&mut conn, tenant.organization, id.0, now).await?;
    Ok(Reply(relance.ok_or_else(ApiError::not_found)?.into()))
}
