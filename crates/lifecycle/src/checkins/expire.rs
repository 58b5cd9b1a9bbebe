//! The links of a check-in end without an answer.

use rubis_accounts::ActivityKind;
use rubis_checkins::{AskedInvoice, CheckinStatus, CheckinTask, ExpireCheckin};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::Invoice;
use rubis_jobs::{FinishError, Lease};
use serde_json::json;
use time::OffsetDateTime;

use crate::events;

/// Ends the life of a check-in's links, in one transaction: the invoice no longer awaits the user's answer, and
/// its reminders go on when they were to. Where the organization lets them wait for the answer for days, the
/// job comes back when these have passed, and the feed says so.
///
/// # Errors
/// [`FinishError`]; nothing was recorded then.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn expire_checkin(
    conn: &mut AsyncPgConnection,
    job: &ExpireCheckin,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<(), FinishError> {
    conn.transaction(async |conn| {
        let locked = rubis_checkins::lock_with_invoice(conn, job.organization_id, job.task_id).await?;
        let Some(AskedInvoice { mut invoice, mut task }) = locked else {
            return lease.finish(conn).await;
        };
        match task.status {
            CheckinStatus::Sent if !task.is_over(now) => {
                return lease.reschedule(conn, task.expires_at.unwrap_or(now)).await;
            }
            CheckinStatus::Sent => end(conn, &mut invoice, &mut task, now).await?,
            CheckinStatus::Expired => {}
            CheckinStatus::Scheduled
            | CheckinStatus::Answered
            | CheckinStatus::Cancelled
            | CheckinStatus::Failed => return lease.finish(conn).await,
        }
        match awaited_until(conn, &invoice, &task).await? {
            Some(until) if now < until => lease.reschedule(conn, until).await,
            Some(_) => {
                let more = json!({ "checkinId": task.id });
                events::record(conn, &invoice, ActivityKind::CheckinUnanswered, None, more, now).await?;
                lease.finish(conn).await
            }
            None => lease.finish(conn).await,
        }
    })
    .await
}

/// Ends the life of a check-in's links at once, whatever is left of it: the job that was to end it is given up.
/// Runs in the transaction that makes the job a dead letter.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn end_checkin(
    conn: &mut AsyncPgConnection,
    job: &ExpireCheckin,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let locked = rubis_checkins::lock_with_invoice(conn, job.organization_id, job.task_id).await?;
    match locked {
        Some(AskedInvoice { mut invoice, mut task }) if task.status == CheckinStatus::Sent => {
            end(conn, &mut invoice, &mut task, now).await
        }
        _ => Ok(()),
    }
}

/// Records that the links of a check-in have ended, and that its invoice awaits no answer any more.
async fn end(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    task: &mut CheckinTask,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    rubis_checkins::record_expired(conn, task, now).await?;
    rubis_checkins::no_longer_asked(conn, invoice, now).await?;
    let more = json!({ "checkinId": task.id });
    events::record(conn, invoice, ActivityKind::CheckinExpired, None, more, now).await
}

/// Until when reminders wait for the answer to this question, where the organization lets them wait for days
/// and no other was put since.
async fn awaited_until(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    task: &CheckinTask,
) -> Result<Option<OffsetDateTime>, diesel::result::Error> {
    let organization = rubis_accounts::organization(conn, task.organization_id).await?;
    if organization.is_none_or(|organization| organization.checkins.wait_days.is_none()) {
        return Ok(None);
    }
    let all = rubis_checkins::checkins_of_invoice(conn, task.organization_id, task.invoice_id).await?;
    let is_the_last = all.last().is_some_and(|last| last.id == task.id);
    Ok(invoice.awaited_answer.filter(|_| is_the_last).map(|awaited| awaited.until))
}
