//! Cancelling everything that is planned for an invoice.

use rubis_db::AsyncPgConnection;
use rubis_invoices::{Invoice, Reason};
use rubis_relances::{CalledOff, cancel_planned};
use time::OffsetDateTime;

/// Cancels the check-ins, then the reminders of an invoice that the caller has locked: the order of their locks.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub(crate) async fn call_off(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    reason: Reason,
    now: OffsetDateTime,
) -> Result<CalledOff, diesel::result::Error> {
    rubis_checkins::cancel_of_invoice(conn, invoice, reason, now).await?;
    cancel_planned(conn, invoice.organization_id, invoice.id, reason, now).await
}
