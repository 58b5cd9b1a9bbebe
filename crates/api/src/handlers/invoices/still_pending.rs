//! `POST /invoices/{invoiceId}/still-pending`

use actix_web::{post, web::Data};
use rubis_kernel::InvoiceId;

use crate::{ApiResult, App, Reply, Tenant, bodies::InvoiceBody, path_param::PathParam};

/// Answers the check-in about an invoice: it is not paid yet.
///
/// The reminders that waited for the answer are sent a minute later, at any hour. An answer by a link of the mail
/// waits for business hours.
#[utoipa::path(
    tag = "invoices",
    responses(
        (status = 200, description = "The invoice as it is now.", body = InvoiceBody),
        (status = 409, description = "`no_open_checkin`: no check-in about this invoice waits for an answer."),
    ),
)]
#[post("/invoices/{invoiceId}/still-pending")]
pub async fn answer_invoice_still_pending(
    tenant: Tenant,
    id: PathParam<InvoiceId>,
    app: Data<App>,
) -> ApiResult<InvoiceBody> {
    let (actor, now) = (tenant.user, app.clock.now());
    let mut conn = app.db.get().await?;
    let invoice =
        rubis_lifecycle::answer_still_pending(&mut conn, tenant.organization, id.0, actor, now).await?;
    Ok(Reply(invoice.into()))
}
