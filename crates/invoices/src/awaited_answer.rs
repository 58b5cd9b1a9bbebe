//! Reminders wait for the user's answer to a check-in.

use rubis_accounts::Organization;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{InvoiceId, OrganizationId};
use time::OffsetDateTime;

use crate::{Invoice, queries};

/// The time during which an invoice's reminders wait for the user's answer. One that would leave earlier is
/// not concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwaitedAnswer {
    /// When the user is asked.
    pub from: OffsetDateTime,
    /// When the reminders leave without an answer.
    pub until: OffsetDateTime,
}

impl AwaitedAnswer {
    /// The wait that begins when an organization is asked; none where reminders do not wait.
    #[must_use]
    pub fn beginning(organization: &Organization, from: OffsetDateTime) -> Option<Self> {
        let wait = organization.checkins.wait();
        (organization.checkins.enabled && wait.is_positive()).then(|| Self { from, until: from + wait })
    }

    /// Whether what would leave at this instant waits.
    #[must_use]
    pub fn holds(&self, at: OffsetDateTime) -> bool {
        self.from <= at && at < self.until
    }
}

/// Lets the reminders of an invoice, locked in this transaction, wait for an answer, or wait no more. The
/// caller plans them again.
///
/// # Errors
/// The database's.
pub async fn set_awaited_answer(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    awaited: Option<AwaitedAnswer>,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    if invoice.awaited_answer != awaited {
        *invoice = queries::invoices::save_awaited_answer(conn, invoice, awaited, now).await?;
    }
    Ok(())
}

/// Invoices that await the user's answer, whatever organization they are of, in the order of their ids.
///
/// # Errors
/// The database's.
pub async fn awaiting_invoices(
    conn: &mut AsyncPgConnection,
    after: Option<InvoiceId>,
    limit: u32,
) -> Result<Vec<(OrganizationId, InvoiceId)>, diesel::result::Error> {
    queries::awaiting::page(conn, after, limit).await
}
