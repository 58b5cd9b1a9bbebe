//! Records the outcome of sending a mail.

use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::Reason;
use rubis_jobs::{FinishError, Lease};
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;

use crate::{
    CheckinRules,
    asked::{AskedInvoice, lock_of_mail, lock_with_invoice},
    jobs::{ExpireCheckin, GatherCheckins, SendCheckinMail},
    queries::{mails, tasks},
    state::CheckinEvent,
    task::{CheckinStatus, CheckinTask},
};

/// Records that the mail server accepted the mail, in the caller's transaction, which finishes the job: its check-ins
/// are sent and their lives begin. Returns the invoices asked about, ordered by the ids of the check-ins and locked in
/// the same order. One that was answered or cancelled while its mail was being sent is among them, and keeps its
/// status.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn record_sent(
    conn: &mut AsyncPgConnection,
    job: &SendCheckinMail,
    rules: &CheckinRules,
    now: OffsetDateTime,
) -> Result<Vec<AskedInvoice>, diesel::result::Error> {
    let organization = job.organization_id;
    let mut asked = lock_of_mail(conn, organization, job.mail_id).await?;
    let expires_at = now + rules.life;
    asked.retain(|asked| asked.task.may_have_left());
    apply(conn, organization, &mut asked, CheckinEvent::Sent { at: now, expires_at }, now).await?;
    mails::end_sending(conn, organization, job.mail_id, Some(now)).await?;
    let jobs: Vec<(ExpireCheckin, OffsetDateTime)> = asked
        .iter()
        .filter(|asked| asked.task.status == CheckinStatus::Sent)
        .map(|asked| (ExpireCheckin { organization_id: organization, task_id: asked.task.id }, expires_at))
        .collect();
    rubis_jobs::enqueue_many(conn, &jobs, now).await?;
    Ok(asked)
}

/// Records that the mail server did not accept the mail this time: the next attempt composes it again, unless an
/// earlier attempt may have sent it.
///
/// # Errors
/// [`FinishError::LeaseLost`] if another worker may be sending it by now.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn record_not_sent_yet(
    conn: &mut AsyncPgConnection,
    job: &SendCheckinMail,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<(), FinishError> {
    conn.transaction(async |conn| {
        let mut asked = lock_of_mail(conn, job.organization_id, job.mail_id).await?;
        lease.confirm(conn).await?;
        asked.retain(|asked| asked.task.may_have_left());
        apply(conn, job.organization_id, &mut asked, CheckinEvent::NotTaken { began: now }, now).await?;
        Ok(mails::end_sending(conn, job.organization_id, job.mail_id, None).await?)
    })
    .await
}

/// Records that the mail was given up, in the transaction that makes its job a dead letter: its check-ins have failed.
/// Returns those with their invoices, locked, ordered by the ids of the check-ins.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn record_failed(
    conn: &mut AsyncPgConnection,
    job: &SendCheckinMail,
    reason: Reason,
    now: OffsetDateTime,
) -> Result<Vec<AskedInvoice>, diesel::result::Error> {
    let asked = lock_of_mail(conn, job.organization_id, job.mail_id).await?;
    mails::end_sending(conn, job.organization_id, job.mail_id, None).await?;
    fail(conn, job.organization_id, asked, reason, now).await
}

/// Records that a check-in could not be put into a mail, in the transaction that makes its job a dead letter: it has
/// failed. Returns it with its invoice, locked, unless its status changed meanwhile.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn record_not_gathered(
    conn: &mut AsyncPgConnection,
    job: &GatherCheckins,
    reason: Reason,
    now: OffsetDateTime,
) -> Result<Option<AskedInvoice>, diesel::result::Error> {
    let asked = lock_with_invoice(conn, job.organization_id, job.task_id).await?;
    let asked: Vec<_> = asked.into_iter().filter(|asked| asked.task.mail_id.is_none()).collect();
    Ok(fail(conn, job.organization_id, asked, reason, now).await?.pop())
}

/// Gives up check-ins and the attempt at those that were answered or cancelled meanwhile. Returns those that failed.
async fn fail(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mut asked: Vec<AskedInvoice>,
    reason: Reason,
    now: OffsetDateTime,
) -> Result<Vec<AskedInvoice>, diesel::result::Error> {
    let was_scheduled = |asked: &AskedInvoice| asked.task.status == CheckinStatus::Scheduled;
    asked.retain(|asked| was_scheduled(asked) || asked.task.may_have_left());
    let (mut failed, mut ended): (Vec<_>, Vec<_>) = asked.into_iter().partition(was_scheduled);
    for asked in [&mut failed, &mut ended] {
        apply(conn, organization, asked, CheckinEvent::GivenUp { reason }, now).await?;
    }
    Ok(failed)
}

async fn apply(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    asked: &mut [AskedInvoice],
    event: CheckinEvent,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    for asked in &mut *asked {
        asked.task = asked.task.after(event.clone())?;
    }
    let tasks: Vec<CheckinTask> = asked.iter().map(|asked| asked.task.clone()).collect();
    tasks::save(conn, organization, &tasks, now).await
}
