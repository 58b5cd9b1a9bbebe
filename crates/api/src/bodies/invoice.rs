//! An invoice.

use rubis_invoices::{Client, CreatedInvoice, Invoice, InvoiceLine, InvoiceOutcome};
use serde::Serialize;
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ClientBody, LineBody, PauseBody};
use crate::labels;

/// An invoice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceBody {
    /// Its id.
    pub id: Uuid,
    /// The client that owes it.
    pub client_id: Uuid,
    /// The plan that chases it; `null`: it is not chased.
    #[schema(required)]
    pub plan_id: Option<Uuid>,
    /// The number printed on it.
    pub numero: String,
    /// Its total, VAT included, in minor units of the currency.
    pub amount_ttc_cents: i64,
    /// Amount paid and credited, in minor units of the currency.
    pub settled_cents: i64,
    /// Outstanding amount, in minor units of the currency.
    pub balance_cents: i64,
    /// The part of the payments beyond the amount, in minor units of the currency: the client's credit.
    pub overpaid_cents: i64,
    /// The currency's ISO 4217 code.
    pub currency: &'static str,
    /// The date of issue.
    pub issue_date: Date,
    /// The due date.
    pub due_date: Date,
    /// Its status.
    #[schema(value_type = labels::InvoiceStatus)]
    pub status: &'static str,
    /// The end of its chain; `null` while it is open. An invoice settled by credit notes alone is
    /// `credited`.
    #[schema(required, value_type = Option<labels::InvoiceOutcome>)]
    pub outcome: Option<&'static str>,
    /// The points it earned.
    pub rubis_earned: i32,
    /// Time at which it was settled in full.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub paid_at: Option<OffsetDateTime>,
    /// Time at which it was cancelled.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub cancelled_at: Option<OffsetDateTime>,
    /// The pause of its reminders; `null` if there is none.
    #[schema(required)]
    pub pause: Option<PauseBody>,
    /// Time at which it was created.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Time of the last change.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

impl From<Invoice> for InvoiceBody {
    fn from(invoice: Invoice) -> Self {
        Self {
            id: invoice.id.into(),
            client_id: invoice.client_id.into(),
            plan_id: invoice.plan_id.map(Uuid::from),
            amount_ttc_cents: invoice.amount.cents,
            settled_cents: invoice.settled.cents,
            balance_cents: invoice.balance().cents,
            overpaid_cents: invoice.overpaid.cents,
            currency: invoice.amount.currency.as_str(),
            issue_date: invoice.issue_date,
            due_date: invoice.due_date,
            status: invoice.status.as_str(),
            outcome: invoice.outcome().map(InvoiceOutcome::as_str),
            rubis_earned: invoice.rubis_earned,
            paid_at: invoice.paid_at,
            cancelled_at: invoice.cancelled_at,
            pause: invoice.pause.map(PauseBody::from),
            created_at: invoice.created_at,
            updated_at: invoice.updated_at,
            numero: invoice.numero,
        }
    }
}

/// An invoice with its client and its lines.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceDetailBody {
    /// The invoice.
    #[serde(flatten)]
    pub invoice: InvoiceBody,
    /// The client that owes it.
    pub client: ClientBody,
    /// Its lines.
    pub items: Vec<LineBody>,
}

impl InvoiceDetailBody {
    /// Returns the body of an invoice with its client and its lines.
    #[must_use]
    pub fn new(invoice: Invoice, client: Client, lines: Vec<InvoiceLine>) -> Self {
        Self {
            invoice: invoice.into(),
            client: client.into(),
            items: lines.into_iter().map(LineBody::from).collect(),
        }
    }
}

impl From<CreatedInvoice> for InvoiceDetailBody {
    fn from(created: CreatedInvoice) -> Self {
        Self::new(created.invoice, created.client, created.lines)
    }
}
