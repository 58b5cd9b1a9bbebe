//! `POST /invoices/{invoiceId}/payments/{paymentId}/void`

use actix_web::{post, web::Data};
use rubis_invoices::VoidReason;
use rubis_kernel::{InvoiceId, PaymentId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiError, ApiResult, App, Reply, Tenant,
    bodies::{InvoiceBody, PaymentBody},
    json_body::Json,
    segment::Segment,
};

/// The reason why a payment counts no more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "reason": "Virement rejeté par la banque" }))]
pub struct VoidPayment {
    /// The reason, which stays on record.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// A payment that was voided, and its invoice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VoidedPaymentBody {
    /// The payment.
    pub payment: PaymentBody,
    /// The invoice as it is now.
    pub invoice: InvoiceBody,
}

/// Voids a payment or a credit note.
///
/// It stays on record with the reason and counts no more. If something is outstanding then, a paid invoice is
/// reopened: the rubis it earned by being paid is taken back, what had not been sent is planned again, and the user
/// is asked again whether it was paid. Otherwise the client's credit shrinks.
#[utoipa::path(
    tag = "invoices",
    responses(
        (status = 200, description = "The payment and its invoice as they are now.", body = VoidedPaymentBody),
        (status = 402, description = "`plan_limit_reached`: as many invoices are chased as the subscription allows; `limit` and `usage` are the figures, `upgradeUrl` is the page of the subscription."),
        (status = 409, description = "`payment_already_voided`: it counts no more already."),
    ),
)]
#[post("/invoices/{invoiceId}/payments/{paymentId}/void")]
pub async fn void_payment(
    tenant: Tenant,
    ids: Segment<(InvoiceId, PaymentId)>,
    body: Json<VoidPayment>,
    app: Data<App>,
) -> ApiResult<VoidedPaymentBody> {
    let reason = VoidReason::parse(&body.0.reason)?;
    let (actor, rules, now) = (Some(tenant.user), app.billing.rules, app.clock.now());
    let mut conn = app.db.get().await?;
    let voided =
        rubis_lifecycle::void_payment(&mut conn, tenant.organization, ids.0, &reason, actor, &rules, now)
            .await
            .map_err(|error| ApiError::of_chasing(error, &app.billing.links))?;
    Ok(Reply(VoidedPaymentBody { payment: voided.payment.into(), invoice: voided.invoice.into() }))
}
