//! Money comes in for an invoice, in part or in full.

use rubis_accounts::ActivityKind;
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Invoice, NewPayment, Payment, Reason, RecordPaymentError};
use rubis_kernel::{InvoiceId, OrganizationId, UserId};
use rubis_relances::CalledOff;
use serde_json::json;
use time::OffsetDateTime;

use crate::{call_off::call_off, events};

/// Errors of recording a payment.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The organization has no such invoice.
    #[error("there is no such invoice")]
    NotFound,
    /// A rule of payments forbids it.
    #[error(transparent)]
    Payment(#[from] RecordPaymentError),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// An invoice after a payment.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The invoice as it is now.
    pub invoice: Invoice,
    pub payment: Payment,
    /// The planned reminders that were cancelled; none while something is outstanding.
    pub called_off: CalledOff,
}

/// Records a payment or a credit note. Once nothing is outstanding the invoice is paid, the
/// organization and the invoice earn a rubis, and everything planned for it is called off, the question whether it
/// was paid included, all in one transaction. An invoice that credit notes alone settled is credited and earns none.
/// Without an amount the payment is of all that is outstanding; the part beyond that is the client's credit.
///
/// # Errors
/// [`SettleError`].
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub async fn record_payment(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    payment: &NewPayment,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<Settled, SettleError> {
    conn.transaction(async |conn| {
        let mut invoice =
            rubis_invoices::lock_invoice(conn, organization, invoice).await?.ok_or(SettleError::NotFound)?;
        let (payment, called_off) = settle_locked(conn, &mut invoice, payment, actor, now).await?;
        Ok(Settled { invoice, payment, called_off })
    })
    .await
}

/// Records a payment on an invoice that the caller has locked, with all its effects.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub(crate) async fn settle_locked(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    payment: &NewPayment,
    actor: Option<UserId>,
    now: OffsetDateTime,
) -> Result<(Payment, CalledOff), SettleError> {
    let organization = invoice.organization_id;
    let recorded = rubis_invoices::record_payment(conn, invoice, payment, now).await?;
    let (kind, called_off) = if recorded.settled_in_full {
        let (kind, reason) = if invoice.credited {
            (ActivityKind::InvoiceCredited, Reason::InvoiceCredited)
        } else {
            (ActivityKind::InvoicePaid, Reason::InvoicePaid)
        };
        (kind, call_off(conn, invoice, reason, now).await?)
    } else {
        (ActivityKind::PaymentRecorded, CalledOff::default())
    };
    let more = json!({
        "paymentId": recorded.payment.id,
        "amountCents": recorded.payment.amount_cents,
        "balanceCents": invoice.balance().cents,
        "overpaidCents": invoice.overpaid.cents,
        "label": recorded.payment.label,
        "cancelledRelances": called_off.cancelled.len(),
        "relancesBeingSent": called_off.being_sent.len(),
    });
    events::record(conn, invoice, kind, actor, more, now).await?;
    if recorded.settled_in_full && !invoice.credited {
        // Last, because every event of the organization waits for this row.
        rubis_accounts::earn_rubis(conn, organization, 1).await?;
    }
    Ok((recorded.payment, called_off))
}
