//! An answer *paid* is withdrawn, because its payment was voided.

use rubis_checkins::AskedInvoice;
use rubis_db::AsyncPgConnection;
use rubis_invoices::Invoice;
use rubis_kernel::PaymentId;
use time::OffsetDateTime;

use crate::checkins::confirm;

/// Records that the check-in whose answer recorded a payment was answered *still pending*, now that the payment of
/// the invoice, locked by the caller, counts no more.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id, payment = %payment))]
pub(crate) async fn withdraw_answer(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    payment: PaymentId,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let all = rubis_checkins::checkins_of_invoice(conn, invoice.organization_id, invoice.id).await?;
    let Some(found) = all.into_iter().find(|task| task.payment_id == Some(payment)) else {
        return Ok(());
    };
    let asked = rubis_checkins::lock_with_invoice(conn, invoice.organization_id, found.id).await?;
    if let Some(AskedInvoice { mut task, .. }) = asked {
        rubis_checkins::record_undone(conn, &mut task, now).await?;
        confirm::withdraw(conn, &task).await?;
    }
    Ok(())
}
