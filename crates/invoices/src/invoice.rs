//! An invoice and the functions that read it.

use rubis_accounts::Pause;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, InvoiceId, Money, OrganizationId, PlanId};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use crate::{AwaitedAnswer, InvoicePast, InvoiceStatus, queries};

/// An invoice to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    pub id: InvoiceId,
    pub organization_id: OrganizationId,
    pub client_id: ClientId,
    /// Plan that chases the invoice; without one it is not chased.
    pub plan_id: Option<PlanId>,
    /// Number on the invoice, unique for its client ignoring case, width, spaces, dashes and invisible characters.
    pub numero: String,
    /// Total, VAT included.
    pub amount: Money,
    /// Sum of the payments and credit notes that count, up to the amount, in the same currency.
    pub settled: Money,
    /// Part of the payments beyond the amount: the client's credit, in the same currency.
    pub overpaid: Money,
    pub issue_date: Date,
    /// Due date; not before the issue date.
    pub due_date: Date,
    pub status: InvoiceStatus,
    /// Number of rubis earned by the invoice.
    pub rubis_earned: i32,
    /// True if a reminder has been sent.
    pub chased: bool,
    /// Time at which the last reminder was sent.
    pub last_reminded_at: Option<OffsetDateTime>,
    /// Time at which it was settled in full; set exactly while it is paid.
    pub paid_at: Option<OffsetDateTime>,
    /// State in which it was settled; set at most while it is paid.
    pub settled_from: Option<InvoiceStatus>,
    /// True if it was settled by credit notes alone, so that nothing was recovered; false unless it is paid.
    pub credited: bool,
    pub cancelled_at: Option<OffsetDateTime>,
    /// Pause of the invoice's reminders, if any.
    pub pause: Option<Pause>,
    /// Period during which its reminders wait for the user's answer to a check-in.
    pub awaited_answer: Option<AwaitedAnswer>,
    /// Number of times that its chain of reminders started over.
    pub chain: i32,
    pub created_at: OffsetDateTime,
    /// Time of the last change.
    pub updated_at: OffsetDateTime,
}

impl Invoice {
    /// Returns the outstanding amount.
    #[must_use]
    pub const fn balance(&self) -> Money {
        Money::new(self.amount.cents - self.settled.cents, self.amount.currency)
    }

    /// Adds a payment of this many minor units, or subtracts one if the number is negative. The part beyond the amount
    /// is the client's credit.
    pub(crate) fn count_settled(&mut self, cents: i64) {
        let total = self.settled.cents.saturating_add(self.overpaid.cents).saturating_add(cents).max(0);
        self.settled.cents = total.min(self.amount.cents);
        self.overpaid.cents = total.saturating_sub(self.settled.cents);
    }

    /// Returns the facts that decide the state to which the invoice goes back.
    #[must_use]
    pub const fn past(&self) -> InvoicePast {
        InvoicePast { chased: self.chased, settled_from: self.settled_from }
    }

    /// Returns the end of its chain, or `None` while it is open.
    #[must_use]
    pub const fn outcome(&self) -> Option<InvoiceOutcome> {
        match self.status {
            InvoiceStatus::Paid if self.credited => Some(InvoiceOutcome::Credited),
            InvoiceStatus::Paid => Some(InvoiceOutcome::Paid),
            InvoiceStatus::Cancelled => Some(InvoiceOutcome::Cancelled),
            InvoiceStatus::Pending
            | InvoiceStatus::AwaitingUserConfirmation
            | InvoiceStatus::InRelance
            | InvoiceStatus::Litigation => None,
        }
    }

    /// Reports whether it counts towards the subscription's limit. A disputed one does not.
    #[must_use]
    pub const fn takes_place(&self) -> bool {
        self.plan_id.is_some() && self.status.is_chased()
    }

    /// Reports whether it is overdue on this day.
    #[must_use]
    pub fn is_overdue_on(&self, date: Date) -> bool {
        self.status.is_open() && self.due_date < date
    }
}

/// End of an invoice's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvoiceOutcome {
    /// Money was received.
    Paid,
    /// Credit notes waived all of it.
    Credited,
    Cancelled,
}

impl InvoiceOutcome {
    pub const ALL: [Self; 3] = [Self::Paid, Self::Credited, Self::Cancelled];

    /// Returns the name used by the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Credited => "credited",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Returns the organization's invoice with this id.
pub async fn invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: InvoiceId,
) -> Result<Option<Invoice>, diesel::result::Error> {
    queries::invoices::find(conn, organization, id).await
}

/// Returns the organization's invoice with this id, locked against every other change until the transaction ends.
/// Functions that change an invoice (`transition`, `record_payment`, …) take a locked one.
pub async fn lock_invoice(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    id: InvoiceId,
) -> Result<Option<Invoice>, diesel::result::Error> {
    queries::invoices::lock(conn, organization, id).await
}

/// Returns those of these invoices that belong to the organization, ordered by id, each locked as by [`lock_invoice`].
pub async fn lock_invoices(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    ids: &[InvoiceId],
) -> Result<Vec<Invoice>, diesel::result::Error> {
    queries::invoices::lock_many(conn, organization, ids).await
}

/// Returns those of these invoices that belong to the organization, in no particular order.
pub async fn invoices_by_ids(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    ids: &[InvoiceId],
) -> Result<Vec<Invoice>, diesel::result::Error> {
    queries::invoices::find_many(conn, organization, ids).await
}

/// Returns at most `limit` of a client's invoices with something outstanding, earliest due date first, after the due
/// date and id of the last one seen.
pub async fn open_invoices_of_client(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    after: Option<(Date, InvoiceId)>,
    limit: u32,
) -> Result<Vec<Invoice>, diesel::result::Error> {
    queries::invoices::open_of_client(conn, organization, client, after, limit).await
}

/// Subset of an organization's invoices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceScope {
    All,
    /// Invoices of a client.
    OfClient(ClientId),
    /// Invoices chased by a plan.
    OfPlan(PlanId),
}

/// Returns the ids of at most `limit` of an organization's invoices that are neither paid nor cancelled, ordered by
/// id. Used to plan them again, a batch at a time.
pub async fn ids_of_unfinished_invoices(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: InvoiceScope,
    after: Option<InvoiceId>,
    limit: u32,
) -> Result<Vec<InvoiceId>, diesel::result::Error> {
    queries::invoices::unfinished_ids(conn, organization, scope, after, limit).await
}
