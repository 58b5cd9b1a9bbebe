//! A signed-in user answers a check-in.

use rubis_checkins::CheckinAnsweredBy;
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::Invoice;
use rubis_kernel::{InvoiceId, OrganizationId, UserId};
use rubis_relances::PlanningTrigger;
use time::OffsetDateTime;

use crate::checkins::answer::{Origin, declare_pending};

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
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub async fn answer_still_pending(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    actor: UserId,
    now: OffsetDateTime,
) -> Result<Invoice, AnswerInAppError> {
    conn.transaction(async |conn| {
        let invoice = rubis_invoices::lock_invoice(conn, organization, invoice).await?;
        let invoice = invoice.ok_or(AnswerInAppError::NotFound)?;
        if !invoice.status.is_open() {
            return Err(AnswerInAppError::NoOpenCheckin);
        }
        let asked = rubis_checkins::lock_open_checkin(conn, invoice, now).await?;
        let mut asked = asked.ok_or(AnswerInAppError::NoOpenCheckin)?;
        let origin = Origin { by: CheckinAnsweredBy::Button, actor: Some(actor) };
        declare_pending(conn, &mut asked, origin, PlanningTrigger::AnsweredPending, now).await?;
        Ok(asked.invoice)
    })
    .await
}
