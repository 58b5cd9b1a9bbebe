//! Calls off everything that is planned for an invoice.

use rubis_db::AsyncPgConnection;
use rubis_invoices::Reason;
use rubis_kernel::{InvoiceId, OrganizationId, RelanceTaskId};
use time::OffsetDateTime;

use crate::{
    queries::tasks,
    state::RelanceEvent,
    task::{RelanceStatus, RelanceTask},
};

/// Result of cancelling an invoice's planned reminders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CalledOff {
    /// These will not leave.
    pub cancelled: Vec<RelanceTaskId>,
    /// These were being handed to the mail server and can't be stopped.
    pub being_sent: Vec<RelanceTaskId>,
}

/// Calls off everything that is planned for an invoice, in the caller's transaction, which holds
/// the invoice's lock.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(organization = %organization, invoice = %invoice))]
pub async fn cancel_planned(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
    reason: Reason,
    now: OffsetDateTime,
) -> Result<CalledOff, diesel::result::Error> {
    let planned = tasks::lock_of_invoice(conn, organization, invoice).await?;
    let scheduled = planned.iter().filter(|task| task.status() == RelanceStatus::Scheduled);
    let (stoppable, being_sent): (Vec<_>, Vec<_>) = scheduled.partition(|task| task.can_be_cancelled());
    call_off(conn, organization, &stoppable, reason, now).await?;
    let ids = |tasks: Vec<&RelanceTask>| tasks.iter().map(|task| task.id).collect();
    Ok(CalledOff { cancelled: ids(stoppable), being_sent: ids(being_sent) })
}

/// Calls off these reminders, which are locked and wait, and their jobs.
pub(crate) async fn call_off(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    planned: &[&RelanceTask],
    reason: Reason,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    if planned.is_empty() {
        return Ok(());
    }
    let cancel = |task: &&RelanceTask| task.after(RelanceEvent::Cancelled { reason }).map(|task| task.id);
    let ids = planned.iter().map(cancel).collect::<Result<Vec<RelanceTaskId>, _>>()?;
    tasks::cancel(conn, organization, &ids, reason, now).await?;
    // A job that runs already finds its reminder cancelled when it takes the lock held here.
    let jobs: Vec<_> = planned.iter().map(|task| task.queue_job_id()).collect();
    rubis_jobs::cancel(conn, &jobs).await?;
    Ok(())
}
