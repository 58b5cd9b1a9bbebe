//! Finds check-ins that wait for a job that will not run.

use rubis_accounts::Organization;
use rubis_db::AsyncPgConnection;
use rubis_jobs::{JobId, JobState};
use rubis_kernel::{CheckinTaskId, InvoiceId, OrganizationId};
use time::{Duration, OffsetDateTime};

use crate::{
    asked::AskedInvoice,
    jobs::{ExpireCheckin, GatherCheckins, SendCheckinMail, job_id},
    planning::{holding_pauses, planned_date},
    queries::{live, tasks},
    task::{CheckinStatus, CheckinTask},
};

/// Maximum time in which a mail is handed over to the mail server, including all delays.
const LONGEST_SENDING: Duration = Duration::hours(1);

/// Fault of a check-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckinFault {
    /// It has no job.
    WithoutJob,
    /// Its job is a dead letter, and it still waits.
    OfDeadJob,
    /// Its mail has been in the hands of the mail server for more than an hour.
    SendingForLong,
}

impl CheckinTask {
    /// Returns the id of the job that it waits for; `None` if it waits for none.
    #[must_use]
    pub fn awaited_job_id(&self) -> Option<JobId> {
        match (self.status, self.mail_id) {
            (CheckinStatus::Scheduled, None) => Some(self.gather_job_id()),
            (CheckinStatus::Scheduled, Some(mail)) => Some(job_id::<SendCheckinMail>(mail)),
            (CheckinStatus::Sent, _) => Some(self.expiry_job_id()),
            _ => None,
        }
    }

    /// Returns the fault shown by the state of its job; `None` if there is none.
    #[must_use]
    pub fn fault(&self, job: Option<JobState>, now: OffsetDateTime) -> Option<CheckinFault> {
        self.awaited_job_id()?;
        match job {
            None => Some(CheckinFault::WithoutJob),
            Some(JobState::Dead) => Some(CheckinFault::OfDeadJob),
            Some(JobState::Scheduled | JobState::Running) => {
                let is_stuck = self.sending_since.is_some_and(|since| now - since > LONGEST_SENDING);
                is_stuck.then_some(CheckinFault::SendingForLong)
            }
        }
    }
}

/// Returns check-ins that are scheduled or sent, planned before an instant, ordered by id.
pub async fn live_checkins(
    conn: &mut AsyncPgConnection,
    planned_before: OffsetDateTime,
    after: Option<CheckinTaskId>,
    limit: u32,
) -> Result<Vec<CheckinTask>, diesel::result::Error> {
    live::page(conn, planned_before, after, limit).await
}

/// Returns the statuses of those of the check-ins that exist.
pub async fn checkin_statuses(
    conn: &mut AsyncPgConnection,
    ids: &[CheckinTaskId],
) -> Result<Vec<(CheckinTaskId, CheckinStatus)>, diesel::result::Error> {
    live::statuses(conn, ids).await
}

/// Returns those of the invoices whose check-in waits for an answer.
pub async fn invoices_with_question_out(
    conn: &mut AsyncPgConnection,
    invoices: &[InvoiceId],
) -> Result<Vec<InvoiceId>, diesel::result::Error> {
    live::invoices_with_question_out(conn, invoices).await
}

/// Reports whether an invoice, locked by the caller, has a check-in that waits for an answer.
pub async fn has_question_out(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    invoice: InvoiceId,
) -> Result<bool, diesel::result::Error> {
    let tasks = tasks::lock_of_invoice(conn, organization, invoice).await?;
    Ok(tasks.iter().any(|task| task.status == CheckinStatus::Sent))
}

/// Checks a suspect again, locked with its invoice in the caller's transaction. Returns `None` if it has no fault, or
/// waits without a job because it is held back.
#[tracing::instrument(skip_all, fields(organization = %organization.id, invoice = %asked.invoice.id, checkin = %asked.task.id))]
pub async fn judge_checkin(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    asked: &AskedInvoice,
    now: OffsetDateTime,
) -> Result<Option<CheckinFault>, diesel::result::Error> {
    let Some(job) = asked.task.awaited_job_id() else { return Ok(None) };
    let state = rubis_jobs::states(conn, [job]).await?.into_values().next();
    let fault = asked.task.fault(state, now);
    if fault != Some(CheckinFault::WithoutJob) || asked.task.status == CheckinStatus::Sent {
        return Ok(fault);
    }
    let client = rubis_invoices::client(conn, organization.id, asked.invoice.client_id).await?;
    let pause = client.and_then(|client| client.pause);
    let is_paused = asked.task.renews.is_none()
        && (planned_date(organization, &asked.invoice, pause, now).is_held
            || !holding_pauses(organization, &asked.invoice, pause, now).is_empty());
    let is_unverified = asked.task.send_at <= now && !organization.is_sender_verified();
    // It is planned again when the reason ends.
    let is_held_back = asked.task.mail_id.is_none() && (is_paused || is_unverified);
    Ok(fault.filter(|_| !is_held_back))
}

/// Enqueues again the job that a check-in, locked in the caller's transaction, waits for.
#[tracing::instrument(skip_all, fields(organization = %task.organization_id, invoice = %task.invoice_id, checkin = %task.id))]
pub async fn make_job_again(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let (organization_id, task_id) = (task.organization_id, task.id);
    match (task.status, task.mail_id) {
        (CheckinStatus::Scheduled, None) => {
            let job = GatherCheckins { organization_id, task_id };
            rubis_jobs::ensure(conn, &job, task.send_at.max(now), now).await?;
        }
        (CheckinStatus::Scheduled, Some(mail_id)) => {
            rubis_jobs::ensure(conn, &SendCheckinMail { organization_id, mail_id }, now, now).await?;
        }
        (CheckinStatus::Sent, _) => {
            let job = ExpireCheckin { organization_id, task_id };
            rubis_jobs::ensure(conn, &job, task.expires_at.unwrap_or(now).max(now), now).await?;
        }
        _ => {}
    }
    Ok(())
}
