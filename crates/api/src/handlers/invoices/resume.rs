//! `POST /invoices/{invoiceId}/resume`

use actix_web::{post, web::Data};
use rubis_kernel::InvoiceId;

use crate::{ApiError, ApiResult, App, Reply, Tenant, bodies::InvoiceBody, path_param::PathParam};

/// Records that the dispute over an invoice has ended.
///
/// Reminders that had not been sent are planned again. The invoice counts again towards the limit of the
/// subscription.
#[utoipa::path(
    tag = "invoices",
    responses(
        (status = 200, description = "The invoice as it is now.", body = InvoiceBody),
        (status = 402, description = "`plan_limit_reached`: as many invoices are chased as the subscription allows; `limit` and `usage` are the figures, `upgradeUrl` is the page of the subscription."),
        (status = 409, description = "`illegal_transition`: it is not disputed."),
    ),
)]
#[post("/invoices/{invoiceId}/resume")]
pub async fn resume_invoice(
    tenant: Tenant,
    id: PathParam<InvoiceId>,
    app: Data<App>,
) -> ApiResult<InvoiceBody> {
    let mut conn = app.db.get().await?;
    let (actor, rules, now) = (Some(tenant.user), app.billing.rules, app.clock.now());
    let invoice = rubis_lifecycle::resume_dispute(&mut conn, tenant.organization, id.0, actor, &rules, now)
        .await
        .map_err(|error| ApiError::of_chasing(error, &app.billing.links))?;
    Ok(Reply(invoice.into()))
}
