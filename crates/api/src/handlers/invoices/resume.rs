//! `POST /invoices/{invoiceId}/resume`

use actix_web::{post, web::Data};
use rubis_kernel::InvoiceId;

use crate::{ApiResult, App, Reply, Tenant, bodies::InvoiceBody, segment::Segment};

/// Notes that the dispute over an invoice is over.
///
/// What had not been sent is planned again.
#[utoipa::path(
    tag = "invoices",
    responses(
        (status = 200, description = "The invoice as it is now.", body = InvoiceBody),
        (status = 409, description = "`illegal_transition`: it is not disputed."),
    ),
)]
#[post("/invoices/{invoiceId}/resume")]
pub async fn resume_invoice(
    tenant: Tenant,
    id: Segment<InvoiceId>,
    app: Data<App>,
) -> ApiResult<InvoiceBody> {
    let mut conn = app.db.get().await?;
    let (actor, now) = (Some(tenant.user), app.clock.now());
    let invoice = rubis_lifecycle::resume_dispute(&mut conn, tenant.organization, id.0, actor, now).await?;
    Ok(Reply(invoice.into()))
}
