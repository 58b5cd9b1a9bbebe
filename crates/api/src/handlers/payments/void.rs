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
    path_param::PathParam,
};

/// The reason for voiding a payment.
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
    /// The invoice in its current state.
    pub invoice: InvoiceBody,
}

/// Voids a payment or a credit note.
///
/// The payment stays on record with the reason and no longer counts. If something is outstanding then, a
/// paid invoice is reopened: the rubis that its payment earned are taken back, reminders that had not
/// been sent are planned again, and the user is asked again if it was paid. Otherwise the client's credit
/// shrinks.
#[utoipa::path(
    tag = "invoices",
    responses(
        (status = 200, description = "The payment and its invoice as they are now.", body = VoidedPaymentBody),
        (status = 402, description = "`plan_limit_reached`: as many invoices are chased as the subscription allows; `limit` and `usage` are the figures, `upgradeUrl` is the page of the subscription."),
        (status = 409, description = "`payment_already_voided`: it was voided before."),
    ),
)]
#[post("/invoices/{invoiceId}/payments/{paymentId}/void")]
pub async fn void_payment(
    tenant: Tenant,
    ids: PathParam<(InvoiceId, PaymentId)>,
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
