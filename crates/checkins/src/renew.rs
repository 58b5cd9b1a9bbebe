//! Sends new links if the user asks for them.

use rubis_accounts::Organization;
use rubis_db::AsyncPgConnection;
use rubis_invoices::{AwaitedAnswer, Invoice, Reason, set_awaited_answer};
use rubis_kernel::CheckinTaskId;
use time::{Duration, OffsetDateTime};

use crate::{
    call_off::call_off,
    jobs::GatherCheckins,
    queries::tasks::{self, TaskToInsert},
    state::CheckinEvent,
    task::{CheckinStatus, CheckinTask},
};

/// Minimum time between two mails with new links for an invoice.
pub const RENEWAL_INTERVAL: Duration = Duration::hours(1);

/// Reasons why no new links are mailed.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// New links were requested a short while ago.
    #[error("new links were mailed a short while ago")]
    TooSoon {
        /// Time until they can be requested again.
        retry_after: Duration,
    },
    /// The invoice is paid, cancelled or disputed, or the organization is not to be asked.
    #[error("there are no more check-ins for this invoice")]
    NotAsked(Reason),
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Asks the user again about an invoice, replacing a check-in whose links have ended or are about to; its invoice is
/// locked in this transaction. The new check-in is sent at once, even during a pause, and reminders wait for its
/// answer: the caller plans them again. A check-in that is already being sent is not replaced.
///
/// # Errors
/// [`RenewError`]; nothing was written then.
#[tracing::instrument(skip_all, fields(organization = %organization.id, invoice = %invoice.id, checkin = %ended))]
pub async fn renew(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    invoice: &mut Invoice,
    ended: CheckinTaskId,
    now: OffsetDateTime,
) -> Result<CheckinTask, RenewError> {
    let off = (!organization.checkins.enabled).then_some(Reason::CheckinsOff);
    if let Some(reason) = Reason::not_to_chase(invoice.status).or(off) {
        return Err(RenewError::NotAsked(reason));
    }
    let existing = tasks::lock_of_invoice(conn, organization.id, invoice.id).await?;
    if let Some(last) = tasks::last_renewal(conn, organization.id, invoice.id).await?
        && now < last + RENEWAL_INTERVAL
    {
        return Err(RenewError::TooSoon { retry_after: last + RENEWAL_INTERVAL - now });
    }
    if let Some(live) = existing.iter().find(|task| task.is_live()) {
        match live.status {
            CheckinStatus::Scheduled if live.mail_id.is_some() => return Ok(live.clone()),
            CheckinStatus::Scheduled => call_off(conn, invoice, live, Reason::Renewed, now).await?,
            _ => expire(conn, live, now).await?,
        }
    }
    let task = TaskToInsert {
        id: CheckinTaskId::new(),
        invoice: invoice.id,
        due_date: invoice.due_date,
        send_at: now,
        renews: Some(ended),
    };
    let task = tasks::insert(conn, organization.id, &task, now).await?;
    let job = GatherCheckins { organization_id: organization.id, task_id: task.id };
    rubis_jobs::enqueue(conn, &job, now, now).await?;
    set_awaited_answer(conn, invoice, AwaitedAnswer::beginning(organization, now), now).await?;
    Ok(task)
}

/// Ends the links that were sent: the new ones replace them, and the invoice continues to wait.
async fn expire(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let expired = task.after(CheckinEvent::Renewed)?;
    tasks::save(conn, task.organization_id, &[expired], now).await?;
    rubis_jobs::cancel(conn, &[task.expiry_job_id()]).await.map(drop)
}
