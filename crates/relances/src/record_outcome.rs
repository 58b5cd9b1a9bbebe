//! Records how the sending of a reminder went.

use diesel::result::Error as DatabaseError;
use futures_util::{TryFutureExt as _, future::try_join4};
use rubis_accounts::{ActivityKind, NewEvent};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::Reason;
use rubis_jobs::{FinishError, Lease};
use rubis_kernel::{EmailAddress, MailFailure};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    claim_relance::event_meta,
    jobs::SendRelance,
    locked_task::lock_with_invoice,
    queries::tasks,
    state::{Note, RelanceEvent},
    task::RelanceStatus,
};

/// The most refused copies that are kept of a reminder.
const MAX_REFUSED_COPIES: usize = 20;

/// The mail server took the mail: the reminder is sent, the copies that were refused are reported, the invoice and the organization earn a
/// rubis, and the job is finished, all in one transaction. An invoice that was settled while its
/// reminder was on the way stays settled.
///
/// # Errors
/// [`FinishError`]; nothing was recorded then, and the same message is sent again.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn record_sent(
    conn: &mut AsyncPgConnection,
    job: &SendRelance,
    lease: &Lease,
    refused_copies: &[EmailAddress],
    now: OffsetDateTime,
) -> Result<(), FinishError> {
    conn.transaction(async |conn| {
        // The invoice is locked before the job's row, as planning does.
        let locked = lock_with_invoice(conn, job.organization_id, job.task_id).await?;
        let Some((mut invoice, task, step)) = locked else {
            return lease.finish(conn).await;
        };
        let refused = refused_copies.iter().take(MAX_REFUSED_COPIES).map(EmailAddress::to_string).collect();
        let sent = match task.after(RelanceEvent::Sent { refused_copies: refused, at: now }) {
            Ok(sent) => sent,
            Err(rejected) => {
                lease.confirm(conn).await?;
                return Err(FinishError::Database(rejected.into()));
            }
        };
        let meta = event_meta(task.id, &invoice, &step);
        let event = |kind, meta| NewEvent { kind, invoice_id: Some(invoice.id), actor: None, meta };
        let mut events = vec![event(ActivityKind::RelanceSent, meta.clone())];
        if !refused_copies.is_empty() {
            let mut meta = meta;
            if let Some(meta) = meta.as_object_mut() {
                meta.insert("refusedCopies".to_owned(), json!(refused_copies));
            }
            events.push(event(ActivityKind::RelanceCopiesRefused, meta));
        }
        let shared = &*conn;
        try_join4(
            lease.finish(shared),
            tasks::save(shared, &sent, now).err_into(),
            rubis_invoices::relance_sent(shared, &mut invoice, now).err_into(),
            rubis_accounts::record_many(shared, job.organization_id, events, now).err_into(),
        )
        .await?;
        // Last, because every reminder of the organization waits for this row.
        rubis_accounts::earn_rubis(conn, job.organization_id, 1).await?;
        Ok(())
    })
    .await
}

/// The mail server did not take the mail this time: the reminder can be stopped again until the
/// next attempt. One that may have left at an earlier attempt, which began before `now`, stays on its way.
///
/// # Errors
/// [`FinishError::LeaseLost`] when another worker may be sending it by now.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn record_not_sent_yet(
    conn: &mut AsyncPgConnection,
    job: &SendRelance,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<(), FinishError> {
    conn.transaction(async |conn| {
        let task = tasks::lock(conn, job.organization_id, job.task_id).await?;
        lease.confirm(conn).await?;
        let Some(sending) = task.filter(|task| task.state.may_have_left()) else { return Ok(()) };
        let after = sending.after(RelanceEvent::NotTaken { began: now }).map_err(DatabaseError::from)?;
        Ok(tasks::save(conn, &after, now).await?)
    })
    .await
}

/// The reminder is given up: it becomes `failed`, and the feed says why, in the words of the recipient's mail
/// server or by a code. Runs in the transaction that makes the job a dead letter.
///
/// # Errors
/// The database's.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn record_failed(
    conn: &mut AsyncPgConnection,
    job: &SendRelance,
    reason: Reason,
    failure: Option<&MailFailure>,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let Some((invoice, task, step)) = lock_with_invoice(conn, job.organization_id, job.task_id).await? else {
        return Ok(());
    };
    if task.status() != RelanceStatus::Scheduled {
        return Ok(());
    }
    let detail = failure.map(MailFailure::detail);
    let note = Note { code: reason.as_str().to_owned(), detail: detail.as_deref().map(str::to_owned) };
    tasks::save(conn, &task.after(RelanceEvent::GivenUp { failure: note })?, now).await?;
    let mut meta = event_meta(task.id, &invoice, &step);
    if let Some(meta) = meta.as_object_mut() {
        meta.insert("reason".to_owned(), json!(reason.as_str()));
        meta.insert("label".to_owned(), json!(detail));
        meta.insert(
            "recipient".to_owned(),
            json!(task.state.mail().and_then(|mail| mail.recipient.as_ref())),
        );
    }
    let event =
        NewEvent { kind: ActivityKind::RelanceFailed, invoice_id: Some(invoice.id), actor: None, meta };
    rubis_accounts::record(conn, job.organization_id, event, now).await
}
