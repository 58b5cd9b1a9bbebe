//! `POST /invoices/{invoiceId}/mark-paid`

use actix_web::{post, web::Data};
use rubis_invoices::{NewPayment, NewPaymentInput};
use rubis_kernel::InvoiceId;
use serde::Deserialize;
use time::Date;
use utoipa::ToSchema;

use crate::{
    ApiError, ApiResult, App, Reply, Tenant, bodies::InvoiceBody, day::Day, json_body::OptionalJson, labels,
    path_param::PathParam,
};

/// The payment. Left out, everything outstanding was paid today.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "method": "transfer" }))]
pub struct MarkInvoicePaid {
    /// The day of the payment, not in the future.
    #[schema(value_type = Option<Date>)]
    paid_at: Option<Day>,
    /// Amount, in minor units of the invoice's currency. A partial payment leaves the reminders running,
    /// and the part beyond what is outstanding becomes the client's credit.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_i64)]
    amount_cents: Option<i64>,
    /// The method of payment; `other` if left out.
    #[schema(value_type = Option<labels::PaymentMethod>)]
    method: Option<String>,
}

impl From<MarkInvoicePaid> for NewPaymentInput {
    fn from(body: MarkInvoicePaid) -> Self {
        Self {
            amount_cents: body.amount_cents,
            method: body.method,
            paid_on: body.paid_at.map(Date::from),
            ..Self::default()
        }
    }
}

/// Records that an invoice has been paid, and cancels everything planned for it.
#[utoipa::path(
    tag = "invoices",
    request_body(content = Option<MarkInvoicePaid>),
    responses(
        (status = 200, description = "The invoice as it is now.", body = InvoiceBody),
        (status = 409, description = "`illegal_transition`: it is paid or cancelled."),
        (status = 422, description = "`validation_failed`."),
    ),
)]
#[post("/invoices/{invoiceId}/mark-paid")]
pub async fn mark_invoice_paid(
    tenant: Tenant,
    id: PathParam<InvoiceId>,
    body: OptionalJson<MarkInvoicePaid>,
    app: Data<App>,
) -> ApiResult<InvoiceBody> {
    let (actor, now) = (Some(tenant.user), app.clock.now());
    let mut conn = app.db.get().await?;
    let organization =
        rubis_accounts::organization(&conn, tenant.organization).await?.ok_or_else(ApiError::not_found)?;
    let payment = NewPayment::parse(&body.0.into(), organization.time_zone.local_date(now))?;
    let settled =
        rubis_lifecycle::record_payment(&mut conn, tenant.organization, id.0, &payment, actor, now).await?;
    Ok(Reply(settled.invoice.into()))
}
