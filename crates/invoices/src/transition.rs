//! Applies transitions that move no money.

use rubis_db::AsyncPgConnection;
use time::OffsetDateTime;

use crate::{IllegalTransition, Invoice, InvoiceStatus, Transition, queries};

/// Reasons why a transition was not applied.
#[derive(Debug, thiserror::Error)]
pub enum TransitionError {
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// Being paid follows from the payments: use [`crate::record_payment`] and [`crate::void_payment`].
    #[error("an invoice is settled and reopened only by its payments")]
    DecidedByPayments,
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Applies a transition to an invoice that was locked in this transaction, and saves its new state.
///
/// # Errors
/// See [`TransitionError`]; the invoice is as before.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub async fn transition(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    transition: Transition,
    now: OffsetDateTime,
) -> Result<(), TransitionError> {
    if matches!(transition, Transition::SettledInFull | Transition::Reopened) {
        return Err(TransitionError::DecidedByPayments);
    }
    let mut changed = invoice.clone();
    changed.status = invoice.status.apply(transition, invoice.past())?;
    if changed.status == InvoiceStatus::Cancelled {
        changed.cancelled_at = Some(now);
    }
    *invoice = queries::invoices::save_progress(conn, &changed, now).await?;
    Ok(())
}

/// Records that a reminder of an invoice, locked in this transaction, was sent: the invoice is chased and earns a
/// rubis, and one without reminders so far is in relance from now on. An invoice that was settled or disputed while
/// the mail was being sent keeps its state.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub async fn relance_sent(
    conn: &AsyncPgConnection,
    invoice: &mut Invoice,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let mut changed = invoice.clone();
    changed.chased = true;
    changed.last_reminded_at = Some(now);
    changed.rubis_earned = invoice.rubis_earned.saturating_add(1);
    if let Ok(status) = invoice.status.apply(Transition::RelanceSent, changed.past()) {
        changed.status = status;
    }
    *invoice = queries::invoices::save_progress(conn, &changed, now).await?;
    Ok(())
}
