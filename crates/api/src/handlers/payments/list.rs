//! `GET /invoices/{invoiceId}/payments`

use actix_web::{get, web::Data};
use rubis_invoices::PaymentPosition;
use rubis_kernel::InvoiceId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    ApiError, ApiResult, App, Reply, Tenant,
    bodies::PaymentBody,
    cursor::List,
    page::{PageBody, page_size},
    path_param::PathParam,
    query::Query,
};

/// Position and length of the page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListPayments {
    /// Number of rows, 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the previous page.
    cursor: Option<String>,
}

/// Lists an invoice's payments and credit notes in the order in which they were recorded, voided ones too.
#[utoipa::path(
    tag = "invoices",
    params(ListPayments),
    responses((status = 200, description = "A page of payments.", body = PageBody<PaymentBody>)),
)]
#[get("/invoices/{invoiceId}/payments")]
pub async fn list_payments(
    tenant: Tenant,
    id: PathParam<InvoiceId>,
    query: Query<ListPayments>,
    app: Data<App>,
) -> ApiResult<PageBody<PaymentBody>> {
    let limit = page_size(query.0.limit)?;
    let list = List::new("payments", &id.0);
    let after = list.after(&app.keys.cursor, query.0.cursor.as_deref())?;
    let mut conn = app.db.get().await?;
    let invoice = rubis_invoices::invoice(&mut conn, tenant.organization, id.0)
        .await?
        .ok_or_else(ApiError::not_found)?;
    let page =
        rubis_invoices::list_payments(&mut conn, tenant.organization, invoice.id, after, limit).await?;
    Ok(Reply(PageBody::new(page, &list, &app.keys.cursor, |last| PaymentPosition::from(last))))
}
