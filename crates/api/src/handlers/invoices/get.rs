//! `GET /invoices/{invoiceId}`

use actix_web::{get, web::Data};
use rubis_kernel::InvoiceId;

use crate::{ApiError, ApiResult, App, Reply, Tenant, bodies::InvoiceDetailBody, path_param::PathParam};

/// Returns an invoice with its lines and its client.
#[utoipa::path(
    tag = "invoices",
    responses((status = 200, description = "The invoice.", body = InvoiceDetailBody)),
)]
#[get("/invoices/{invoiceId}")]
pub async fn get_invoice(
    tenant: Tenant,
    id: PathParam<InvoiceId>,
    app: Data<App>,
) -> ApiResult<InvoiceDetailBody> {
    let mut conn = app.db.get().await?;
    let invoice = rubis_invoices::invoice(&mut conn, tenant.organization, id.0)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let client = rubis_invoices::client(&conn, tenant.organization, invoice.client_id)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let lines = rubis_invoices::lines_of(&mut conn, tenant.organization, invoice.id).await?;
    Ok(Reply(InvoiceDetailBody::new(invoice, client, lines)))
}
