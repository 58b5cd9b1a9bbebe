//! Records the outcome of sending a mail.

use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::Reason;
use rubis_jobs::{FinishError, Lease};
use rubis_kernel::{CheckinMailId, OrganizationId};
use time::OffsetDateTime;

use crate::{
    CheckinRules,
    asked::{AskedInvoice, lock_of_mail, lock_with_invoice},
    jobs::{ExpireCheckin, GatherCheckins, SendCheckinMail},
    queries::{
        mails::{self, MailChange},
        tasks::{self, TaskChange},
    },
    task::CheckinStatus,
};

/// Records that the mail server accepted the mail, in the caller's transaction, which finishes the job: its check-ins
/// are sent and their lives begin. Returns the invoices asked about, ordered by the ids of the check-ins and locked in
/// the same order. One that was answered or cancelled while its mail was being sent is among them, and keeps its
/// status.
pub async fn record_sent(
    conn: &mut AsyncPgConnection,
    job: &SendCheckinMail,
    rules: &CheckinRules,
    now: OffsetDateTime,
) -> Result<Vec<AskedInvoice>, diesel::result::Error> {
    let organization = job.organization_id;
    let mut asked = lock_of_mail(conn, organization, job.mail_id).await?;
    let expires_at = now + rules.life;
    let mut sent = tasks::record_sent(conn, organization, job.mail_id, expires_at, now).await?;
    asked.retain_mut(|asked| match sent.iter().position(|task| task.id == asked.task.id) {
        Some(position) => {
            asked.task = sent.swap_remove(position);
            true
        }
        None => false,
    });
    let change = MailChange { sending_since: Some(None), sent_at: Some(now), ..MailChange::default() };
    mails::change(conn, organization, job.mail_id, &change).await?;
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
pub async fn record_not_sent_yet(
    conn: &mut AsyncPgConnection,
    job: &SendCheckinMail,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<(), FinishError> {
    conn.transaction(async |conn| {
        lock_of_mail(conn, job.organization_id, job.mail_id).await?;
        lease.confirm(conn).await?;
        tasks::record_not_sent_yet(conn, job.organization_id, job.mail_id, now).await?;
        Ok(close(conn, job.organization_id, job.mail_id).await?)
    })
    .await
}

/// Records that the mail was given up, in the transaction that makes its job a dead letter: its check-ins have failed.
/// Returns those with their invoices, locked, ordered by the ids of the check-ins.
pub async fn record_failed(
    conn: &mut AsyncPgConnection,
    job: &SendCheckinMail,
    reason: Reason,
    now: OffsetDateTime,
) -> Result<Vec<AskedInvoice>, diesel::result::Error> {
    let asked = lock_of_mail(conn, job.organization_id, job.mail_id).await?;
    tasks::record_not_sent(conn, job.organization_id, job.mail_id, now).await?;
    close(conn, job.organization_id, job.mail_id).await?;
    fail(conn, job.organization_id, asked, reason, now).await
}

/// Records that a check-in could not be put into a mail, in the transaction that makes its job a dead letter: it has
/// failed. Returns it with its invoice, locked, unless its status changed meanwhile.
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

async fn close(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mail: CheckinMailId,
) -> Result<(), diesel::result::Error> {
    let change = MailChange { sending_since: Some(None), ..MailChange::default() };
    mails::change(conn, organization, mail, &change).await
}

async fn fail(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    mut asked: Vec<AskedInvoice>,
    reason: Reason,
    now: OffsetDateTime,
) -> Result<Vec<AskedInvoice>, diesel::result::Error> {
    asked.retain(|asked| asked.task.status == CheckinStatus::Scheduled);
    let ids: Vec<_> = asked.iter().map(|asked| asked.task.id).collect();
    let change = TaskChange {
        status: Some(CheckinStatus::Failed),
        reason: Some(Some(reason.as_str())),
        ..TaskChange::default()
    };
    let mut failed = tasks::change(conn, organization, &ids, &change, now).await?;
    for asked in &mut asked {
        if let Some(position) = failed.iter().position(|task| task.id == asked.task.id) {
            asked.task = failed.swap_remove(position);
        }
    }
    Ok(asked)
}
