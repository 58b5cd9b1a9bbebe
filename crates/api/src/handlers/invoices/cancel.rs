//! `POST /invoices/{invoiceId}/cancel`

use actix_web::{post, web::Data};
use rubis_kernel::InvoiceId;

use crate::{ApiResult, App, Reply, Tenant, bodies::InvoiceBody, path_param::PathParam};

/// Cancels an invoice.
///
/// Everything planned for it is cancelled in the same transaction.
#[utoipa::path(
    tag = "invoices",
    responses(
        (status = 200, description = "The invoice as it is now.", body = InvoiceBody),
        (status = 409, description = "`illegal_transition`: it is paid or cancelled already."),
    ),
)]
#[post("/invoices/{invoiceId}/cancel")]
pub async fn cancel_invoice(
    tenant: Tenant,
    id: PathParam<InvoiceId>,
    app: Data<App>,
) -> ApiResult<InvoiceBody> {
    let mut conn = app.db.get().await?;
    let (actor, now) = (Some(tenant.user), app.clock.now());
    let invoice = rubis_lifecycle::cancel_invoice(&mut conn, tenant.organization, id.0, actor, now).await?;
    Ok(Reply(invoice.into()))
}
