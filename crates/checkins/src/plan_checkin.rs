//! Plans the check-in of an invoice, for the first time or again.

use rubis_accounts::{Organization, Pause};
use rubis_db::AsyncPgConnection;
use rubis_invoices::{AwaitedAnswer, Invoice, Reason, set_awaited_answer};
use rubis_kernel::CheckinTaskId;
use time::OffsetDateTime;

use crate::{
    CheckinRules,
    call_off::call_off,
    jobs::GatherCheckins,
    planning::{ANSWER_DELAY, PlannedDate, planned_date},
    queries::tasks::{self, TaskToInsert},
    task::{CheckinAnswer, CheckinAnsweredBy, CheckinStatus, CheckinTask},
};

/// Options for planning a check-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanCheckin {
    /// True if the user is asked again even if they were asked about this due date, because a user reopened the
    /// invoice.
    pub asks_again: bool,
}

/// Plans the check-in of an invoice, in the caller's transaction, which holds the invoice's lock, and sets the time
/// for which its reminders wait: plan those afterwards. The user is asked once about a due date. A check-in that is
/// scheduled and in no mail yet keeps its row, with another date if needed; another due date cancels it and plans a
/// new one. If the invoice is not to be asked about, its planned and sent check-ins are cancelled.
///
/// A pause with an end moves the check-in to that end; during one without an end it has no job, and planning again
/// afterwards gives it one. A check-in that the user requested by a button is not held back.
#[tracing::instrument(skip_all, fields(organization = %organization.id, invoice = %invoice.id))]
pub async fn plan_checkin(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    invoice: &mut Invoice,
    client_pause: Option<Pause>,
    how: PlanCheckin,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let existing = tasks::lock_of_invoice(conn, organization.id, invoice.id).await?;
    let live = existing.iter().find(|task| task.is_live());
    let off = (!organization.checkins.enabled).then_some(Reason::CheckinsOff);
    if let Some(reason) = Reason::not_to_chase(invoice.status).or(off) {
        if let Some(live) = live {
            call_off(conn, invoice, live, reason, now).await?;
        }
        return set_awaited_answer(conn, invoice, None, now).await;
    }
    let date = planned_date(organization, invoice, client_pause, now);
    let kept = match live {
        Some(live) if !stays(live, invoice, date) && is_unclaimed(live, invoice) => {
            let moved = CheckinTask { send_at: date.send_at, ..live.clone() };
            tasks::save(conn, organization.id, std::slice::from_ref(&moved), now).await?;
            Some(moved)
        }
        Some(live) if !stays(live, invoice, date) => {
            call_off(conn, invoice, live, Reason::Replanned, now).await?;
            None
        }
        live => live.cloned(),
    };
    let current = match kept {
        Some(kept) => Some(kept),
        None if how.asks_again || !was_asked(organization, invoice, &existing) => {
            let task = TaskToInsert {
                id: CheckinTaskId::new(),
                invoice: invoice.id,
                due_date: invoice.due_date,
                send_at: date.send_at,
                renews: None,
            };
            Some(tasks::insert(conn, organization.id, &task, now).await?)
        }
        None => last_asked(invoice, &existing).cloned(),
    };
    if let Some(current) = &current {
        enqueue(conn, current, date, now).await?;
    }
    let awaited =
        current.and_then(|current| awaited_answer(organization, &current, invoice.awaited_answer, now));
    set_awaited_answer(conn, invoice, awaited, now).await
}

/// Reports whether the planned or sent check-in stays as it is.
fn stays(live: &CheckinTask, invoice: &Invoice, date: PlannedDate) -> bool {
    let is_under_way = live.status == CheckinStatus::Sent || live.mail_id.is_some();
    live.due_date == invoice.due_date && (is_under_way || live.renews.is_some() || date.is_met_by(live))
}

/// Reports whether a check-in about the same due date is in no mail yet: it keeps its row with another date.
fn is_unclaimed(live: &CheckinTask, invoice: &Invoice) -> bool {
    live.due_date == invoice.due_date && live.status == CheckinStatus::Scheduled && live.mail_id.is_none()
}

/// Reports whether the user was asked about this due date. New links requested before that date do not count: their
/// answer was about another day.
fn was_asked(organization: &Organization, invoice: &Invoice, existing: &[CheckinTask]) -> bool {
    let comes_at = organization.sending_calendar().sending_instant(invoice.due_date);
    existing.iter().any(|task| {
        let left_or_failed = matches!(
            task.status,
            CheckinStatus::Sent | CheckinStatus::Answered | CheckinStatus::Expired | CheckinStatus::Failed
        );
        let was_early = task.renews.is_some() && task.send_at < comes_at;
        left_or_failed && task.due_date == invoice.due_date && !was_early
    })
}

/// Returns the last check-in about this due date.
fn last_asked<'a>(invoice: &Invoice, existing: &'a [CheckinTask]) -> Option<&'a CheckinTask> {
    existing
        .iter()
        .filter(|task| task.due_date == invoice.due_date && task.status != CheckinStatus::Cancelled)
        .max_by_key(|task| (task.created_at, task.id))
}

/// Returns the period during which reminders wait for the answer to this check-in. It starts when the user is asked,
/// and does not depend on the life of its links.
fn awaited_answer(
    organization: &Organization,
    task: &CheckinTask,
    held: Option<AwaitedAnswer>,
    now: OffsetDateTime,
) -> Option<AwaitedAnswer> {
    let from = match task.status {
        // A late check-in is sent at once.
        CheckinStatus::Scheduled => task.send_at.max(now),
        CheckinStatus::Sent | CheckinStatus::Expired => task.asked_at()?,
        CheckinStatus::Answered => return awaited_revocation(task, held, now),
        CheckinStatus::Cancelled | CheckinStatus::Failed => return None,
    };
    AwaitedAnswer::beginning(organization, from)
}

/// Makes the reminders of an invoice wait while *paid* can revoke the answer *still pending*, given by a link just now.
/// Runs in the caller's transaction, which holds the invoice's lock; planning the invoice keeps this wait.
#[tracing::instrument(skip_all, fields(organization = %invoice.organization_id, invoice = %invoice.id))]
pub async fn hold_answer(
    conn: &mut AsyncPgConnection,
    invoice: &mut Invoice,
    rules: &CheckinRules,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let held = AwaitedAnswer { from: now, until: now + rules.answer_hold() };
    set_awaited_answer(conn, invoice, Some(held), now).await
}

/// Returns the time during which *paid* can revoke the answer *still pending* given by a link: the one that the answer
/// was given with, or the shortest.
fn awaited_revocation(
    task: &CheckinTask,
    held: Option<AwaitedAnswer>,
    now: OffsetDateTime,
) -> Option<AwaitedAnswer> {
    let is_by_link = task.answered_by == Some(CheckinAnsweredBy::Link);
    let from = task.answered_at.filter(|_| is_by_link && task.answer == Some(CheckinAnswer::StillPending))?;
    let until = held.filter(|held| held.from == from).map_or(from + ANSWER_DELAY, |held| held.until);
    (now < until).then_some(AwaitedAnswer { from, until })
}

/// Enqueues the job of a check-in that is in no mail yet, unless it waits for the end of a pause. An unchanged
/// check-in is enqueued too, because a pause without an end drops its job.
async fn enqueue(
    conn: &mut AsyncPgConnection,
    task: &CheckinTask,
    date: PlannedDate,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    if task.status != CheckinStatus::Scheduled || task.mail_id.is_some() {
        return Ok(());
    }
    if date.is_held && task.renews.is_none() {
        return rubis_jobs::cancel(conn, &[task.gather_job_id()]).await.map(drop);
    }
    let job = GatherCheckins { organization_id: task.organization_id, task_id: task.id };
    rubis_jobs::enqueue(conn, &job, task.send_at, now).await.map(drop)
}
