//! Records answers to check-ins and the end of their links. Each function takes a check-in that is locked in this
//! transaction; the caller applies the result to the invoice and its reminders.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{CheckinTaskId, OrganizationId, PaymentId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    jobs::ExpireCheckin,
    queries::tasks,
    state::{CheckinEvent, GivenAnswer},
    task::{CheckinAnswer, CheckinAnsweredBy, CheckinStatus, CheckinTask},
};

/// Records the user's answer and ends the links. `payment` is the payment recorded by the answer that the invoice is
/// paid.
#[tracing::instrument(skip_all, fields(organization = %task.organization_id, invoice = %task.invoice_id, checkin = %task.id))]
pub async fn record_answer(
    conn: &mut AsyncPgConnection,
    task: &mut CheckinTask,
    answer: CheckinAnswer,
    by: CheckinAnsweredBy,
    payment: Option<PaymentId>,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let answer = GivenAnswer { answer, by, at: now, payment, with: None };
    apply(conn, task, CheckinEvent::Answered(answer), now).await?;
    // A check-in that is still marked as scheduled, because its sending is not recorded yet, has no expiry job.
    rubis_jobs::cancel(conn, &[task.expiry_job_id()]).await.map(drop)
}

/// Marks answers of one mail as given together: one mail confirms them, and they can be undone together.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn record_answered_together(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    tasks: &[CheckinTaskId],
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let with = Uuid::now_v7();
    let answered = tasks::lock_many(conn, organization, tasks).await?;
    let together = answered.iter().map(|task| task.after(CheckinEvent::AnsweredTogether { with }));
    tasks::save(conn, organization, &together.collect::<Result<Vec<_>, _>>()?, now).await
}

/// Takes back the answer that a link gave, because a machine may have given it: the check-in waits for an answer
/// again, by a button, until its life ends. If the invoice was planned again meanwhile, the new check-in asks instead,
/// and this one has expired.
#[tracing::instrument(skip_all, fields(organization = %task.organization_id, invoice = %task.invoice_id, checkin = %task.id))]
pub async fn record_suspicion(
    conn: &mut AsyncPgConnection,
    task: &mut CheckinTask,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let live = tasks::invoices_with_live(conn, task.organization_id, &[task.invoice_id]).await?;
    task.suspect_since = Some(now);
    apply(conn, task, CheckinEvent::Suspected { is_replaced: !live.is_empty() }, now).await?;
    if let Some(expires_at) = task.expires_at.filter(|_| task.status == CheckinStatus::Sent) {
        let job = ExpireCheckin { organization_id: task.organization_id, task_id: task.id };
        rubis_jobs::enqueue(conn, &job, expires_at, now).await?;
    }
    Ok(())
}

/// Records that a person took back the answer that the invoice is paid: it is still pending.
#[tracing::instrument(skip_all, fields(organization = %task.organization_id, invoice = %task.invoice_id, checkin = %task.id))]
pub async fn record_undone(
    conn: &mut AsyncPgConnection,
    task: &mut CheckinTask,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let (answer, by) = (CheckinAnswer::StillPending, CheckinAnsweredBy::Button);
    record_answer(conn, task, answer, by, None, now).await
}

/// Records that the life of the links ended without an answer.
#[tracing::instrument(skip_all, fields(organization = %task.organization_id, invoice = %task.invoice_id, checkin = %task.id))]
pub async fn record_expired(
    conn: &mut AsyncPgConnection,
    task: &mut CheckinTask,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    apply(conn, task, CheckinEvent::Expired, now).await
}

async fn apply(
    conn: &mut AsyncPgConnection,
    task: &mut CheckinTask,
    event: CheckinEvent,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    *task = task.after(event)?;
    tasks::save(conn, task.organization_id, std::slice::from_ref(task), now).await
}
