//! Records a payment or a credit note.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::Money;
use time::OffsetDateTime;

use crate::{IllegalTransition, Invoice, NewPayment, Payment, PaymentKind, Transition, queries};

/// Result of recording a payment.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub payment: Payment,
    /// True if nothing is outstanding any more and the invoice is paid.
    pub settled_in_full: bool,
}

/// Reasons why a payment was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordPaymentError {
    /// The invoice is paid or cancelled.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// The credit note is larger than the balance.
    #[error("a credit note must not exceed the balance of {} minor units of {}", balance.cents, balance.currency)]
    AmountExceedsBalance {
        /// Outstanding amount.
        balance: Money,
    },
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Records a payment on an invoice that was locked in this transaction. If nothing is outstanding afterwards, the
/// invoice is paid. It earns a rubis unless credit notes alone settled it ([`Invoice::credited`]); the caller adds the
/// organization's own rubis. A part payment leaves the state of the invoice unchanged. The part of a payment beyond
/// the balance is the client's credit ([`Invoice::overpaid`]).
///
/// # Errors
/// See [`RecordPaymentError`]; the invoice is as before.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub async fn record_payment(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    payment: &NewPayment,
    now: OffsetDateTime,
) -> Result<Recorded, RecordPaymentError> {
    // An invoice that cannot be settled takes no part payment either.
    let paid = invoice.status.apply(Transition::SettledInFull, invoice.past())?;
    let balance = invoice.balance();
    let amount_cents = payment.amount_cents.unwrap_or(balance.cents);
    if amount_cents > balance.cents && payment.kind == PaymentKind::CreditNote {
        return Err(RecordPaymentError::AmountExceedsBalance { balance });
    }
    let settled_in_full = amount_cents >= balance.cents;
    let mut changed = invoice.clone();
    changed.count_settled(amount_cents);
    if settled_in_full {
        changed.credited =
            payment.kind == PaymentKind::CreditNote && !queries::payments::has_money(conn, invoice).await?;
        changed.status = paid;
        changed.settled_from = Some(invoice.status);
        changed.paid_at = Some(now);
        if !changed.credited {
            changed.rubis_earned = invoice.rubis_earned.saturating_add(1);
        }
    }
    let (payment, saved) = conn
        .transaction::<_, diesel::result::Error, _>(async |conn| {
            let payment = queries::payments::insert(conn, invoice, payment, amount_cents, now).await?;
            Ok((payment, queries::invoices::save_progress(conn, &changed, now).await?))
        })
        .await?;
    *invoice = saved;
    Ok(Recorded { payment, settled_in_full })
}
