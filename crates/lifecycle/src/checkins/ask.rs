//! Moves an invoice to the state in which it awaits the user's answer.

use rubis_db::AsyncPgConnection;
use rubis_invoices::{Invoice, Transition, TransitionError};
use time::OffsetDateTime;

/// Lets an invoice await the answer of the user. Does nothing if its state does not allow it.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub(crate) async fn ask(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    match rubis_invoices::transition(conn, invoice, Transition::CheckinSent, now).await {
        Err(TransitionError::Database(error)) => Err(error),
        Ok(()) | Err(TransitionError::Illegal(_) | TransitionError::DecidedByPayments) => Ok(()),
    }
}
