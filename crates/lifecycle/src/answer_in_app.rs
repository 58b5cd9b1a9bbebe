//! A signed-in user answers a check-in.

use rubis_checkins::{AskedInvoice, CheckinAnsweredBy};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::Invoice;
use rubis_kernel::{InvoiceId, OrganizationId, UserId};
use rubis_relances::PlanningTrigger;
use time::OffsetDateTime;

use crate::answer_checkin::{Origin, declare_pending};

/// Errors of an answer in the application.
#[derive(Debug, thiserror::Error)]
pub enum AnswerInAppError {
    /// There is no such invoice.
    #[error("There is no such invoice.")]
    NotFound,
    /// No check-in about the invoice takes an answer now.
    #[error("No check-in about this invoice waits for an answer.")]
    NoOpenCheckin,
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Records a signed-in user's *still pending* to the open check-in of an invoice, in one transaction. The
/// reminders that waited for the answer are sent a minute later, at any hour.
///
/// # Errors
/// [`AnswerInAppError`]; nothing was recorded then.
pub async fn answer_still_pending(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    actor: UserId,
    now: OffsetDateTime,
) -> Result<Invoice, AnswerInAppError> {
    conn.transaction(async |conn| {
        let Some(mut asked) = rubis_checkins::lock_open_checkin(conn, organization, invoice, now).await?
        else {
            let found = rubis_invoices::lock_invoice(conn, organization, invoice).await?;
            return Err(found.map_or(AnswerInAppError::NotFound, |_| AnswerInAppError::NoOpenCheckin));
        };
        if !asked.invoice.status.is_open() {
            return Err(AnswerInAppError::NoOpenCheckin);
        }
        let origin = Origin { by: CheckinAnsweredBy::Button, actor: Some(actor) };
        declare_pending(conn, &mut asked, origin, PlanningTrigger::AnsweredPending, now).await?;
        let AskedInvoice { invoice, .. } = asked;
        Ok(invoice)
    })
    .await
}
