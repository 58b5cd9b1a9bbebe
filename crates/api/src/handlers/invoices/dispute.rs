//! `POST /invoices/{invoiceId}/dispute`

use actix_web::{post, web::Data};
use rubis_kernel::InvoiceId;

use crate::{ApiResult, App, Reply, Tenant, bodies::InvoiceBody, path_param::PathParam};

/// Records that the debtor disputes an invoice.
///
/// Its reminders are suspended until the dispute ends.
#[utoipa::path(
    tag = "invoices",
    responses(
        (status = 200, description = "The invoice as it is now.", body = InvoiceBody),
        (status = 409, description = "`illegal_transition`: it is paid, cancelled or disputed already."),
    ),
)]
#[post("/invoices/{invoiceId}/dispute")]
pub async fn dispute_invoice(
    tenant: Tenant,
    id: PathParam<InvoiceId>,
    app: Data<App>,
) -> ApiResult<InvoiceBody> {
    let mut conn = app.db.get().await?;
    let (actor, now) = (Some(tenant.user), app.clock.now());
    let invoice = rubis_lifecycle::dispute_invoice(&mut conn, tenant.organization, id.0, actor, now).await?;
    Ok(Reply(invoice.into()))
}
