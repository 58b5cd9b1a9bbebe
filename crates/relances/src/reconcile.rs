//! Reminders that wait for a job that will not come.

use rubis_db::AsyncPgConnection;
use rubis_invoices::Reason;
use rubis_jobs::JobState;
use rubis_kernel::{InvoiceId, MailFailure, OrganizationId, RelanceTaskId};
use time::{Duration, OffsetDateTime};

use crate::{
    jobs::SendRelance,
    locked_task::{LockedTask, lock_task},
    queries::waiting,
    record_outcome::record_failed,
    task::RelanceStatus,
};

/// A reminder is handed over to the mail server within this time, with all that can delay it.
const LONGEST_SENDING: Duration = Duration::hours(1);

/// A reminder that waits for its job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingRelance {
    /// The reminder.
    pub id: RelanceTaskId,
    /// The tenant.
    pub organization_id: OrganizationId,
    /// Its invoice.
    pub invoice_id: InvoiceId,
    /// The date of its job.
    pub send_at: OffsetDateTime,
    /// The time since which it is being handed to the mail server.
    pub sending_since: Option<OffsetDateTime>,
}

impl WaitingRelance {
    /// Reports whether something may be wrong, by the state of its job.
    #[must_use]
    pub fn is_suspect(&self, job: Option<JobState>, now: OffsetDateTime) -> bool {
        let is_stuck = self.sending_since.is_some_and(|since| now - since > LONGEST_SENDING);
        is_stuck || matches!(job, None | Some(JobState::Dead))
    }

    /// The job that it waits for.
    #[must_use]
    pub fn job(&self) -> SendRelance {
        SendRelance { organization_id: self.organization_id, task_id: self.id }
    }
}

/// A fault of a reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelanceFault {
    /// It has no job.
    WithoutJob,
    /// Its job is a dead letter, and it still waits.
    OfDeadJob,
    /// It has been handed to the mail server for more than an hour.
    SendingForLong,
}

/// The repair of a reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelanceRepair {
    /// Its job was made again.
    Enqueued,
    /// It has failed, and a person can send it again: it may have left.
    Failed,
    /// None: its job will run, or runs.
    None,
}

/// Reminders that wait for their job, planned before an instant, in the order of their dates, after the date and id of
/// the last one seen. Those that wait for an approval are left out.
///
/// # Errors
/// The database's.
pub async fn waiting_relances(
    conn: &mut AsyncPgConnection,
    planned_before: OffsetDateTime,
    after: Option<(OffsetDateTime, RelanceTaskId)>,
    until: Option<OffsetDateTime>,
    limit: u32,
) -> Result<Vec<WaitingRelance>, diesel::result::Error> {
    waiting::page(conn, planned_before, after, until, limit).await
}

/// The statuses of those of the reminders that exist.
///
/// # Errors
/// The database's.
pub async fn relance_statuses(
    conn: &mut AsyncPgConnection,
    ids: &[RelanceTaskId],
) -> Result<Vec<(RelanceTaskId, RelanceStatus)>, diesel::result::Error> {
    waiting::statuses(conn, ids).await
}

/// Looks at a suspect again, under its lock in the caller's transaction, and repairs it. Returns `None` if it is sound,
/// or waits without a job because it is held back.
///
/// One that may have been handed to the mail server is not sent again: it has failed, and a person decides.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn reconcile_relance(
    conn: &mut AsyncPgConnection,
    job: &SendRelance,
    now: OffsetDateTime,
) -> Result<Option<(RelanceFault, RelanceRepair)>, diesel::result::Error> {
    let Some(case) = lock_task(conn, job.organization_id, job.task_id).await? else { return Ok(None) };
    if case.task.status() != RelanceStatus::Scheduled || case.task.awaits_approval() {
        return Ok(None);
    }
    let state = rubis_jobs::states(conn, [case.task.queue_job_id()]).await?.into_values().next();
    let sending_since = case.task.sending_since();
    Ok(match state {
        Some(JobState::Dead) => {
            give_up(conn, job, now).await?;
            Some((RelanceFault::OfDeadJob, RelanceRepair::Failed))
        }
        None if sending_since.is_some() => {
            give_up(conn, job, now).await?;
            Some((RelanceFault::WithoutJob, RelanceRepair::Failed))
        }
        None if case.is_held_back(now) => None,
        None => {
            rubis_jobs::ensure(conn, job, case.task.send_at.max(now), now).await?;
            Some((RelanceFault::WithoutJob, RelanceRepair::Enqueued))
        }
        Some(JobState::Scheduled | JobState::Running)
            if sending_since.is_some_and(|since| now - since > LONGEST_SENDING)
                // The next attempt waits for the end of a pause.
                && !case.is_held_back(now)
                // A worker was lost with it, and since then its job has waited for the mail server.
                && !rubis_jobs::is_blocked(conn, &case.task.queue_job_id()).await? =>
        {
            Some((RelanceFault::SendingForLong, RelanceRepair::None))
        }
        Some(JobState::Scheduled | JobState::Running) => None,
    })
}

async fn give_up(
    conn: &mut AsyncPgConnection,
    job: &SendRelance,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    record_failed(conn, job, Reason::AttemptsExhausted, Some(&MailFailure::Internal), now).await
}

impl LockedTask {
    /// Reports whether it came due and waits without a job: the end of the reason plans it again.
    fn is_held_back(&self, now: OffsetDateTime) -> bool {
        self.task.send_at <= now && (!self.organization.is_sender_verified() || self.is_paused(now))
    }
}
