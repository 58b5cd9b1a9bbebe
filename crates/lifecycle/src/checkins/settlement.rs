//! The payment that an answer *paid* recorded.

use rubis_db::AsyncPgConnection;
use rubis_invoices::{Invoice, InvoiceStatus, Payment};
use rubis_kernel::PaymentId;

/// Returns the payment that a check-in recorded, if the invoice is still settled by it.
pub(crate) async fn settlement(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    payment: Option<PaymentId>,
) -> Result<Option<Payment>, diesel::result::Error> {
    let (InvoiceStatus::Paid, Some(payment)) = (invoice.status, payment) else {
        return Ok(None);
    };
    let payments = rubis_invoices::payments_of(conn, invoice.organization_id, invoice.id).await?;
    let last = payments.into_iter().rfind(|payment| payment.voided_at.is_none());
    Ok(last.filter(|last| last.id == payment))
}
