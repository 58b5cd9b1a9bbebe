//! `POST /invoices/{invoiceId}/payments`

use actix_web::{HttpResponse, post, web::Data};
use rubis_invoices::{NewPayment, NewPaymentInput};
use rubis_kernel::InvoiceId;
use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;

use crate::{
    ApiError, App, Tenant,
    bodies::PaymentBody,
    day::Day,
    idempotency::{Creation, IdempotencyHeader},
    json_body::Json,
    labels,
    path_param::PathParam,
};

/// A payment or a credit note.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "amountCents": 5000, "kind": "payment", "method": "transfer" }))]
pub struct CreatePayment {
    /// Amount, in minor units of the invoice's currency; everything outstanding if left out.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_i64)]
    amount_cents: Option<i64>,
    /// The kind: money that came in, or a part that is waived; `payment` if left out.
    #[schema(value_type = Option<labels::PaymentKind>)]
    kind: Option<String>,
    /// The method of payment; `other` if left out.
    #[schema(value_type = Option<labels::PaymentMethod>)]
    method: Option<String>,
    /// The day of the payment, not in the future; today if left out.
    #[schema(value_type = Option<Date>)]
    paid_at: Option<Day>,
    /// The source of the information.
    #[schema(max_length = 200)]
    label: Option<String>,
}

impl From<CreatePayment> for NewPaymentInput {
    fn from(body: CreatePayment) -> Self {
        Self {
            amount_cents: body.amount_cents,
            kind: body.kind,
            method: body.method,
            paid_on: body.paid_at.map(Date::from),
            label: body.label,
        }
    }
}

/// Records a payment or a credit note.
///
/// The invoice is paid as soon as nothing is outstanding, and everything planned for it is cancelled. The
/// part of a payment beyond what is outstanding becomes the client's credit. An invoice settled by credit
/// notes alone ends as `credited`: it earns no rubis and does not count as recovered.
#[utoipa::path(
    tag = "invoices",
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "The payment.", body = PaymentBody),
        (status = 409, description = "`illegal_transition`: the invoice is paid or cancelled. `idempotency_mismatch`: the key was used for another request."),
        (status = 422, description = "`validation_failed`; `amount_exceeds_balance`: a credit note is above what is outstanding."),
    ),
)]
#[post("/invoices/{invoiceId}/payments")]
pub async fn create_payment(
    tenant: Tenant,
    id: PathParam<InvoiceId>,
    creation: Creation,
    body: Json<CreatePayment>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let input = NewPaymentInput::from(body.0.clone());
    let now = app.clock.now();
    creation
        .run(&app, &tenant, &body.0, async |conn| {
            let organization = rubis_accounts::organization(conn, tenant.organization)
                .await?
                .ok_or_else(ApiError::not_found)?;
            let payment = NewPayment::parse(&input, organization.time_zone.local_date(now))?;
            let actor = Some(tenant.user);
            let settled =
                rubis_lifecycle::record_payment(conn, tenant.organization, id.0, &payment, actor, now)
                    .await?;
            Ok(PaymentBody::from(settled.payment))
        })
        .await
}
