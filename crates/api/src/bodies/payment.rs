//! A payment or a credit note.

use rubis_invoices::Payment;
use serde::Serialize;
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::labels;

/// A payment or a credit note on an invoice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PaymentBody {
    /// Its id.
    pub id: Uuid,
    /// The invoice it belongs to.
    pub invoice_id: Uuid,
    /// The kind: money that came in, or a part that was waived.
    #[schema(value_type = labels::PaymentKind)]
    pub kind: &'static str,
    /// Amount, in minor units of the invoice's currency.
    pub amount_cents: i64,
    /// The method of payment.
    #[schema(value_type = labels::PaymentMethod)]
    pub method: &'static str,
    /// The day of the payment.
    pub paid_on: Date,
    /// The source of the information; may be empty.
    pub label: String,
    /// Time at which it was voided. A voided payment does not count.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub voided_at: Option<OffsetDateTime>,
    /// The reason why it was voided; `null` if none was given.
    #[schema(required)]
    pub void_reason: Option<String>,
    /// Time at which it was recorded.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl From<Payment> for PaymentBody {
    fn from(payment: Payment) -> Self {
        Self {
            id: payment.id.into(),
            invoice_id: payment.invoice_id.into(),
            kind: payment.kind.as_str(),
            amount_cents: payment.amount_cents,
            method: payment.method.as_str(),
            paid_on: payment.paid_on,
            label: payment.label,
            voided_at: payment.voided_at,
            void_reason: payment.void_reason,
            created_at: payment.created_at,
        }
    }
}
