//! Cancels the check-ins of an invoice.

use rubis_db::AsyncPgConnection;
use rubis_invoices::{Invoice, InvoiceStatus, Reason, Transition, TransitionError, set_awaited_answer};
use time::OffsetDateTime;

use crate::{
    queries::tasks,
    state::CheckinEvent,
    task::{CheckinStatus, CheckinTask},
};

/// Cancels the check-in of an invoice that is planned or waits for its answer, and ends the wait of the invoice's
/// reminders. Runs in the caller's transaction, which holds the invoice's lock. Links that were sent no longer work.
///
/// Returns `true` if there was such a check-in.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub async fn cancel_of_invoice(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    reason: Reason,
    now: OffsetDateTime,
) -> Result<bool, diesel::result::Error> {
    let tasks = tasks::lock_of_invoice(conn, invoice.organization_id, invoice.id).await?;
    let live = tasks.iter().find(|task| task.is_live());
    if let Some(live) = live {
        call_off(conn, invoice, live, reason, now).await?;
    }
    set_awaited_answer(conn, invoice, None, now).await?;
    Ok(live.is_some())
}

/// Cancels a check-in that is locked and live, with its job. An invoice that waited for the answer returns to its
/// previous state.
pub(crate) async fn call_off(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    task: &CheckinTask,
    reason: Reason,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let cancelled = task.after(CheckinEvent::Cancelled { reason })?;
    tasks::save(conn, task.organization_id, &[cancelled], now).await?;
    // A job that is already running finds its check-in cancelled when it gets the lock held here.
    match task.status {
        CheckinStatus::Sent => {
            rubis_jobs::cancel(conn, &[task.expiry_job_id()]).await?;
            no_longer_asked(conn, invoice, now).await
        }
        _ => rubis_jobs::cancel(conn, &[task.gather_job_id()]).await.map(drop),
    }
}

/// Returns an invoice that awaits the user's answer to its previous state; any other invoice is unchanged.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub async fn no_longer_asked(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    if invoice.status != InvoiceStatus::AwaitingUserConfirmation {
        return Ok(());
    }
    match rubis_invoices::transition(conn, invoice, Transition::StillPending, now).await {
        Err(TransitionError::Database(error)) => Err(error),
        // The state was checked just before, under the invoice's lock.
        Err(TransitionError::Illegal(_) | TransitionError::DecidedByPayments) | Ok(()) => Ok(()),
    }
}
