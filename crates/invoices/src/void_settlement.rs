//! The settlement of an invoice is undone.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use time::OffsetDateTime;

use crate::{IllegalTransition, Invoice, Payment, Transition, queries};

/// Why a settlement was not undone.
#[derive(Debug, thiserror::Error)]
pub enum VoidSettlementError {
    /// The invoice is not paid.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Undoes the payment that settled an invoice, locked in this transaction, and answers it. The payment stays
/// on record and counts no more; the invoice goes back to where it stood without it and gives back the rubis
/// that being paid earned it (the organization's own is for the caller to take back).
///
/// # Errors
/// See [`VoidSettlementError`]; the invoice is as before.
pub async fn void_settlement(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    now: OffsetDateTime,
) -> Result<Payment, VoidSettlementError> {
    let mut changed = invoice.clone();
    changed.status = invoice.status.apply(Transition::Reopened, invoice.chased)?;
    changed.paid_at = None;
    changed.rubis_earned = invoice.rubis_earned.saturating_sub(1).max(0);
    let (payment, saved) = conn
        .transaction::<_, diesel::result::Error, _>(async |conn| {
            let payment = queries::payments::void_last(conn, invoice, now).await?;
            changed.settled.cents -= payment.amount_cents;
            Ok((payment, queries::invoices::save_progress(conn, &changed, now).await?))
        })
        .await?;
    *invoice = saved;
    Ok(payment)
}
