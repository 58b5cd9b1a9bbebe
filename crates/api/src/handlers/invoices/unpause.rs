//! `DELETE /invoices/{invoiceId}/pause`

use actix_web::{delete, web::Data};
use rubis_kernel::InvoiceId;

use crate::{ApiResult, App, Reply, Tenant, bodies::InvoiceBody, path_param::PathParam};

/// Ends an invoice's pause, if it has one.
///
/// Reminders that were held back are sent by the catch-up policy, as late ones are.
#[utoipa::path(
    tag = "invoices",
    responses((status = 200, description = "The invoice as it is now.", body = InvoiceBody)),
)]
#[delete("/invoices/{invoiceId}/pause")]
pub async fn unpause_invoice(
    tenant: Tenant,
    id: PathParam<InvoiceId>,
    app: Data<App>,
) -> ApiResult<InvoiceBody> {
    let mut conn = app.db.get().await?;
    let (actor, now) = (Some(tenant.user), app.clock.now());
    let invoice = rubis_lifecycle::unpause_invoice(&mut conn, tenant.organization, id.0, actor, now).await?;
    Ok(Reply(invoice.into()))
}
