//! `GET /invoices/{invoiceId}/payments`

use actix_web::{get, web::Data};
use rubis_kernel::InvoiceId;

use crate::{ApiError, ApiResult, App, Reply, Tenant, bodies::PaymentBody, page::PageBody, segment::Segment};

/// Lists an invoice's payments and credit notes in the order in which they were recorded, on one page; the
/// undone ones too.
#[utoipa::path(
    tag = "invoices",
    responses((status = 200, description = "The payments.", body = PageBody<PaymentBody>)),
)]
#[get("/invoices/{invoiceId}/payments")]
pub async fn list_payments(
    tenant: Tenant,
    id: Segment<InvoiceId>,
    app: Data<App>,
) -> ApiResult<PageBody<PaymentBody>> {
    let mut conn = app.db.get().await?;
    let invoice = rubis_invoices::invoice(&mut conn, tenant.organization, id.0)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let payments = rubis_invoices::payments_of(&mut conn, tenant.organization, invoice.id).await?;
    Ok(Reply(PageBody::whole(payments)))
}
