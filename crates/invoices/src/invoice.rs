//! An invoice, and how it is read.

use rubis_accounts::Pause;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, InvoiceId, Money, OrganizationId, PlanId};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

use crate::{AwaitedAnswer, InvoicePast, InvoiceStatus, queries};

/// An invoice to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// Its id.
    pub id: InvoiceId,
    /// Whom it is owed to.
    pub organization_id: OrganizationId,
    /// Who owes it.
    pub client_id: ClientId,
    /// The plan that chases it; without one it is not chased.
    pub plan_id: Option<PlanId>,
    /// The number on it, unique for its client without case, width, spaces, dashes and invisible characters.
    pub numero: String,
    /// Its total, VAT included.
    pub amount: Money,
    /// Payments and credit notes that count, up to the amount, in the same currency.
    pub settled: Money,
    /// The part of the payments beyond the amount: the credit of the client, in the same currency.
    pub overpaid: Money,
    /// When it was issued.
    pub issue_date: Date,
    /// When it is due; not before it was issued.
    pub due_date: Date,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// The points it earned.
    pub rubis_earned: i32,
    /// Whether a reminder has gone out.
    pub chased: bool,
    /// Time at which the last reminder was sent.
    pub last_reminded_at: Option<OffsetDateTime>,
    /// When it was settled in full; known exactly while it is paid.
    pub paid_at: Option<OffsetDateTime>,
    /// The state in which it was settled; known at most while it is paid.
    pub settled_from: Option<InvoiceStatus>,
    /// True if it was settled by credit notes alone, so that nothing was recovered; false unless it is paid.
    pub credited: bool,
    /// When it was given up.
    pub cancelled_at: Option<OffsetDateTime>,
    /// Whether its reminders wait.
    pub pause: Option<Pause>,
    /// When its reminders wait for the user's answer to a check-in.
    pub awaited_answer: Option<AwaitedAnswer>,
    /// The number of times that its chain of reminders started over.
    pub chain: i32,
    /// When it was put in.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

impl Invoice {
    /// What is outstanding.
    #[must_use]
    pub const fn balance(&self) -> Money {
        Money::new(self.amount.cents - self.settled.cents, self.amount.currency)
    }

    /// Counts a payment of this many minor units, or takes one back if they are below zero. The part beyond the
    /// amount is the client's credit.
    pub(crate) fn count_settled(&mut self, cents: i64) {
        let total = self.settled.cents.saturating_add(self.overpaid.cents).saturating_add(cents).max(0);
        self.settled.cents = total.min(self.amount.cents);
        self.overpaid.cents = total.saturating_sub(self.settled.cents);
    }

    /// Returns what the state it goes back to depends on.
    #[must_use]
    pub const fn past(&self) -> InvoicePast {
        InvoicePast { chased: self.chased, settled_from: self.settled_from }
    }

    /// Returns how its chain ended, unless it is open.
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

    /// Reports whether it takes one of the places that the subscription limits. A disputed one takes none.
    #[must_use]
    pub const fn takes_place(&self) -> bool {
        self.plan_id.is_some() && self.status.is_chased()
    }

    /// Whether it is late on this day.
    #[must_use]
    pub fn is_overdue_on(&self, date: Date) -> bool {
        self.status.is_open() && self.due_date < date
    }
}

/// The end of an invoice's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvoiceOutcome {
    /// Money came in.
    Paid,
    /// Credit notes waived all of it.
    Credited,
    /// It was given up.
    Cancelled,
}

impl InvoiceOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Paid, Self::Credited, Self::Cancelled];

    /// The name under which the API knows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Credited => "credited",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The organization's invoice with this id.
///
/// # Errors
/// The database's.
pub async fn invoice(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: InvoiceId,
) -> Result<Option<Invoice>, diesel::result::Error> {
    queries::invoices::find(conn, organization, id).await
}

/// The organization's invoice with this id, held against every other change until the transaction ends.
/// What changes an invoice (`transition`, `record_payment`, …) takes one that was locked.
///
/// # Errors
/// The database's.
pub async fn lock_invoice(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    id: InvoiceId,
) -> Result<Option<Invoice>, diesel::result::Error> {
    queries::invoices::lock(conn, organization, id).await
}

/// Those of these invoices that are the organization's, in the order of their ids, each held as by
/// [`lock_invoice`].
///
/// # Errors
/// The database's.
pub async fn lock_invoices(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    ids: &[InvoiceId],
) -> Result<Vec<Invoice>, diesel::result::Error> {
    queries::invoices::lock_many(conn, organization, ids).await
}

/// Those of these invoices that are the organization's, in no order.
///
/// # Errors
/// The database's.
pub async fn invoices_by_ids(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    ids: &[InvoiceId],
) -> Result<Vec<Invoice>, diesel::result::Error> {
    queries::invoices::find_many(conn, organization, ids).await
}

/// At most `limit` of a client's invoices with something outstanding, those due first at the front, after
/// the due date and id of the last one seen.
///
/// # Errors
/// The database's.
pub async fn open_invoices_of_client(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    after: Option<(Date, InvoiceId)>,
    limit: u32,
) -> Result<Vec<Invoice>, diesel::result::Error> {
    queries::invoices::open_of_client(conn, organization, client, after, limit).await
}

/// Which of an organization's invoices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceScope {
    /// All of them.
    All,
    /// Those of a client.
    OfClient(ClientId),
    /// Those that a plan chases.
    OfPlan(PlanId),
}

/// The ids of at most `limit` of an organization's invoices that are neither paid nor cancelled, in the
/// order of their ids: for planning them again, a batch at a time.
///
/// # Errors
/// The database's.
pub async fn ids_of_unfinished_invoices(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    scope: InvoiceScope,
    after: Option<InvoiceId>,
    limit: u32,
) -> Result<Vec<InvoiceId>, diesel::result::Error> {
    queries::invoices::unfinished_ids(conn, organization, scope, after, limit).await
}
