//! Pauses reminders until the user answers a check-in.

use rubis_accounts::Organization;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{InvoiceId, OrganizationId};
use time::OffsetDateTime;

use crate::{Invoice, queries};

/// Period during which an invoice's reminders wait for the user's answer. A reminder that is due before `from` is not
/// affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwaitedAnswer {
    /// Time at which the user is asked.
    pub from: OffsetDateTime,
    /// Time at which the reminders are sent without an answer.
    pub until: OffsetDateTime,
}

impl AwaitedAnswer {
    /// Returns the wait that begins when an organization is asked, or `None` if its reminders do not wait.
    #[must_use]
    pub fn beginning(organization: &Organization, from: OffsetDateTime) -> Option<Self> {
        let wait = organization.checkins.wait();
        (organization.checkins.enabled && wait.is_positive()).then(|| Self { from, until: from + wait })
    }

    /// Reports whether a reminder due at this instant waits.
    #[must_use]
    pub fn holds(&self, at: OffsetDateTime) -> bool {
        self.from <= at && at < self.until
    }
}

/// Makes the reminders of an invoice, locked in this transaction, wait for an answer, or ends the wait. The caller
/// plans them again.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
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

/// Returns the invoices of all organizations that await the user's answer, ordered by id.
pub async fn awaiting_invoices(
    conn: &mut AsyncPgConnection,
    after: Option<InvoiceId>,
    limit: u32,
) -> Result<Vec<(OrganizationId, InvoiceId)>, diesel::result::Error> {
    queries::awaiting::page(conn, after, limit).await
}
