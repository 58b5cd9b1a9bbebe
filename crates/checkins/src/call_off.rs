//! Calls off what is planned or asked about an invoice.

use rubis_db::AsyncPgConnection;
use rubis_invoices::{Invoice, InvoiceStatus, Transition, TransitionError, set_awaited_answer};
use time::OffsetDateTime;

use crate::{
    queries::tasks::{self, TaskChange},
    task::{CheckinStatus, CheckinTask, Reason},
};

/// Calls off the check-in of an invoice that is to leave or waits for its answer, and lets its reminders wait
/// no more, in the caller's transaction, which holds the invoice's lock. Links that are out have ended then.
///
/// Tells whether there was one.
///
/// # Errors
/// The database's.
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

/// Calls off a check-in that is locked and live, with its job. An invoice that waited for the answer goes back
/// to where it was.
pub(crate) async fn call_off(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    task: &CheckinTask,
    reason: Reason,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    tasks::change(conn, task.organization_id, &[task.id], &TaskChange::cancelled(reason), now).await?;
    // A job that runs already finds its check-in called off when it takes the lock held here.
    match task.status {
        CheckinStatus::Sent => {
            rubis_jobs::cancel(conn, &[task.expiry_job_id()]).await?;
            no_longer_asked(conn, invoice, now).await
        }
        _ => rubis_jobs::cancel(conn, &[task.gather_job_id()]).await.map(drop),
    }
}

/// An invoice that awaits the user's answer awaits it no more, and goes back to where it was; any other stays.
///
/// # Errors
/// The database's.
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
        // The state was looked at just before, under the invoice's lock.
        Err(TransitionError::Illegal(_) | TransitionError::DecidedByPayments) | Ok(()) => Ok(()),
    }
}
