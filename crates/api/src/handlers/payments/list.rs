//! `GET /invoices/{invoiceId}/payments`

use actix_web::{get, web::Data};
use rubis_invoices::PaymentPosition;
use rubis_kernel::InvoiceId;

use crate::{
    ApiError, ApiResult, App, Tenant,
    bodies::PaymentBody,
    cursor::List,
    page::{PageBody, PageQuery},
    path_param::PathParam,
    query::Query,
};

/// Lists an invoice's payments and credit notes in the order in which they were recorded, voided ones too.
#[utoipa::path(
    tag = "invoices",
    params(PageQuery),
    responses((status = 200, description = "A page of payments.", body = PageBody<PaymentBody>)),
)]
#[get("/invoices/{invoiceId}/payments")]
pub async fn list_payments(
    tenant: Tenant,
    id: PathParam<InvoiceId>,
    query: Query<PageQuery>,
    app: Data<App>,
) -> ApiResult<PageBody<PaymentBody>> {
    let asked = query.0.of(List::new("payments", &id.0), &app)?;
    let mut conn = app.db.get().await?;
    let invoice = rubis_invoices::invoice(&mut conn, tenant.organization, id.0)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let organization = tenant.organization;
    let page =
        rubis_invoices::list_payments(&mut conn, organization, invoice.id, asked.after, asked.limit).await?;
    Ok(asked.reply(page, |last| PaymentPosition::from(last)))
}
