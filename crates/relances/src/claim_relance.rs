//! Decides whether a reminder that is due leaves, and composes its mail.

use futures_util::{
    TryFutureExt as _,
    future::{try_join, try_join5},
};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_invoices::{Contact, Invoice, Reason};
use rubis_jobs::{FinishError, Lease};
use rubis_kernel::{Email, RenderError};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    approve_relance::draft,
    changes::is_held_back,
    compose::{Parties, Sender, compose},
    draft::Facts,
    jobs::SendRelance,
    locked_task::{LockedTask, lock_task},
    plan::PlanStep,
    plan_relances::{PlanningTrigger, plan_relances},
    queries::tasks,
    recipient_count::{self, SendingLimits, SendingPolicy},
    state::{Mail, Rejected, RelanceEvent},
    task::{RelanceStatus, RelanceTask},
    text::{RenderedText, TextError},
};

/// The outage of the mail server that does not delay what a user started outside business hours.
const SHORT_OUTAGE: Duration = Duration::hours(1);

/// Result of claiming a reminder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// Send this, then record how it went.
    Send(Box<Email>),
    /// Nothing: that is recorded, and the job is finished.
    Settled(NotSent),
}

/// Reason why a due reminder is not sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// It was sent, cancelled or deleted meanwhile.
    AlreadyDone,
    /// Its invoice is not to be reminded any more; it is cancelled.
    Cancelled(Reason),
    /// It waits for a person's approval.
    Drafted,
    /// Something is paused: it waits for the end of that, for which it was planned again if known.
    Paused,
    /// The organization's owner has not verified their address: it is planned again when they do.
    SenderNotVerified,
    /// The organization has written to as many recipients today as it may: it is sent on the next business day.
    DailyLimit,
    /// It was given a later date meanwhile.
    NotYetDue,
    /// The chain runs late, and was planned again.
    Replanned,
}

/// Errors of claiming a reminder.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Another worker has the job.
    #[error("the lease was lost")]
    LeaseLost,
    /// The text can't be written, though it was checked when it was saved.
    #[error("the text of the reminder can't be written: {0}")]
    Text(#[from] TextError),
    /// The mail cannot be written.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

impl From<FinishError> for ClaimError {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::LeaseLost => Self::LeaseLost,
            FinishError::Database(error) => Self::Database(error),
        }
    }
}

impl From<Rejected> for ClaimError {
    fn from(rejected: Rejected) -> Self {
        Self::Database(rejected.into())
    }
}

/// Decides about a reminder that is due, in one transaction: either it is marked as being sent and
/// its mail is returned, or why it isn't is recorded and the job is finished.
///
/// # Errors
/// [`ClaimError`]; nothing was recorded then.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn claim_relance(
    conn: &mut AsyncPgConnection,
    sender: &Sender,
    policy: &impl SendingPolicy,
    job: &SendRelance,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<Claimed, ClaimError> {
    conn.transaction(async |conn| {
        let Some(mut case) = lock_task(conn, job.organization_id, job.task_id).await? else {
            lease.finish(conn).await?;
            return Ok(Claimed::Settled(NotSent::AlreadyDone));
        };
        let shared = &*conn;
        // Between being claimed and this moment the lease may have passed to another worker. The rest is
        // what almost every reminder needs to leave.
        let (owner, contacts, (has_sibling_today, first_message_id), limits, ()) = try_join5(
            rubis_accounts::owner_of(shared, job.organization_id).err_into(),
            rubis_invoices::contacts_of(shared, job.organization_id, case.client.id).err_into(),
            try_join(
                tasks::has_sibling_today(shared, &case.task, case.day_began(now), now),
                tasks::first_message_id(shared, &case.task, case.client.email.as_str()),
            )
            .err_into(),
            policy.limits_of(shared, job.organization_id, now).err_into(),
            lease.confirm(shared).err_into::<ClaimError>(),
        )
        .await?;
        match decide(&case, &contacts, now) {
            Decision::Settle(not_sent) => {
                settle(conn, &case, lease, not_sent, now).await?;
                Ok(Claimed::Settled(not_sent))
            }
            Decision::Draft(changes) => {
                let facts = Facts::of(&case, &contacts, &case.values_at(now));
                draft(conn, &case, case.text_at(now)?, facts, &changes, now).await?;
                lease.finish(conn).await?;
                Ok(Claimed::Settled(NotSent::Drafted))
            }
            Decision::Send => {
                match replan(conn, &mut case, lease, has_sibling_today, now).await? {
                    Replanned::SentNow => {}
                    Replanned::For(send_at) => {
                        lease.reschedule(conn, send_at).await?;
                        return Ok(Claimed::Settled(NotSent::Replanned));
                    }
                    Replanned::PutOff(send_at) => {
                        lease.put_off(conn, send_at, now).await?;
                        return Ok(Claimed::Settled(NotSent::Replanned));
                    }
                    Replanned::Replaced => {
                        lease.finish(conn).await?;
                        return Ok(Claimed::Settled(NotSent::Replanned));
                    }
                }
                let silent_copies = rubis_accounts::own_silent_copies(conn, &case.organization).await?;
                let parties = Parties {
                    sender,
                    organization: &case.organization,
                    owner: owner.as_ref(),
                    client: &case.client,
                    contacts: &contacts,
                    silent_copies: &silent_copies,
                    max_copies: limits.copies(),
                    first_message_id: first_message_id.as_deref(),
                };
                send(conn, &case, parties, (limits, lease), now).await
            }
        }
    })
    .await
}

/// The result of planning again when a reminder is due.
enum Replanned {
    /// It is sent now.
    SentNow,
    /// It is sent then.
    For(OffsetDateTime),
    /// The mail server was away until after business hours: it is sent then.
    PutOff(OffsetDateTime),
    /// Another reminder was planned in its place.
    Replaced,
}

/// Plans the invoice again if its reminder is late, if it has another today, or if the user's answer is awaited.
/// After an outage the chain then catches up as that of a late invoice does, and of two reminders that are due
/// together the later step is sent on the next business day. A reminder that a user sent or approved is sent at
/// once, and the others make way for it.
async fn replan(
    conn: &mut AsyncPgConnection,
    case: &mut LockedTask,
    lease: &Lease,
    has_sibling_today: bool,
    now: OffsetDateTime,
) -> Result<Replanned, diesel::result::Error> {
    let LockedTask { organization, invoice, client, task, .. } = &*case;
    let calendar = organization.sending_calendar();
    let was_blocked = lease.blocked_since.is_some();
    // One that has been waiting for the mail server keeps its place, unless it only makes sense on its own day.
    let is_late = if was_blocked {
        case.step.content.offset_days < 0 && calendar.today(now) > calendar.today(task.send_at)
    } else {
        is_held_back(task, &calendar, now)
    };
    let is_untouched = task.state.is_waiting();
    let is_held = invoice.awaited_answer.is_some_and(|awaited| awaited.holds(now));
    if was_blocked
        && is_untouched
        && !is_late
        && let Some(send_at) = put_off_until(case, now)
    {
        tasks::save(conn, &RelanceTask { send_at, ..task.clone() }, now).await?;
        return Ok(Replanned::PutOff(send_at));
    }
    if !is_untouched || !(is_late || is_held || has_sibling_today) {
        return Ok(Replanned::SentNow);
    }
    plan_relances(conn, organization, invoice, client.pause, PlanningTrigger::RulesChanged, now).await?;
    let after = tasks::find(conn, organization.id, task.id).await?;
    Ok(match after.filter(|after| after.status() == RelanceStatus::Scheduled) {
        Some(after) if after.send_at > now => Replanned::For(after.send_at),
        Some(after) => {
            case.task = after;
            Replanned::SentNow
        }
        None => Replanned::Replaced,
    })
}

/// The next business hours, for a reminder that waited for the mail server until after them. What a user sent or
/// approved is sent at any hour, and so is what a user started outside business hours within the hour.
fn put_off_until(case: &LockedTask, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let calendar = case.organization.sending_calendar();
    let send_at = calendar.in_business_hours(now);
    let was_started_by_user = calendar.in_business_hours(case.task.send_at) > case.task.send_at
        && now - case.task.send_at <= SHORT_OUTAGE;
    (send_at > now && !case.task.is_ordered_by_user() && !was_started_by_user).then_some(send_at)
}

#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Settle(NotSent),
    /// It is put before a person, once more if these parts changed since the approval.
    Draft(Vec<&'static str>),
    Send,
}

fn decide(case: &LockedTask, contacts: &[Contact], now: OffsetDateTime) -> Decision {
    match case.task.status() {
        // An operator ran a dead letter again: the reminder gets another chance.
        RelanceStatus::Scheduled | RelanceStatus::Failed => {}
        RelanceStatus::Sent | RelanceStatus::Cancelled => {
            return Decision::Settle(NotSent::AlreadyDone);
        }
    }
    if let Some(reason) = Reason::not_to_chase(case.invoice.status) {
        return Decision::Settle(NotSent::Cancelled(reason));
    }
    if case.task.chain != case.invoice.chain {
        // An attempt failed, and meanwhile the invoice went to another client or was renegotiated.
        return Decision::Settle(NotSent::Cancelled(Reason::Replanned));
    }
    if case.task.send_at > now {
        return Decision::Settle(NotSent::NotYetDue);
    }
    if !case.organization.is_sender_verified() {
        return Decision::Settle(NotSent::SenderNotVerified);
    }
    if case.is_paused(now) {
        return Decision::Settle(NotSent::Paused);
    }
    // One that may have left is sent again as it was, whatever has changed since.
    if case.step.content.requires_manual_validation && !case.task.state.may_have_left() {
        if case.task.awaits_approval() {
            return Decision::Settle(NotSent::Drafted);
        }
        if !case.task.is_approved() {
            return Decision::Draft(Vec::new());
        }
        let facts = Facts::of(case, contacts, &case.values_at(now));
        let changes = facts.changes_since(case.task.draft());
        if !changes.is_empty() {
            return Decision::Draft(changes);
        }
    }
    Decision::Send
}

async fn settle(
    conn: &mut AsyncPgConnection,
    case: &LockedTask,
    lease: &Lease,
    not_sent: NotSent,
    now: OffsetDateTime,
) -> Result<(), ClaimError> {
    let LockedTask { organization, invoice, client, task, .. } = case;
    match not_sent {
        NotSent::NotYetDue => return Ok(lease.reschedule(conn, task.send_at).await?),
        NotSent::Cancelled(reason) => {
            tasks::save(conn, &task.after(RelanceEvent::Withdrawn { reason })?, now).await?;
        }
        NotSent::Paused | NotSent::SenderNotVerified => {
            // It waits like any other, one that had failed and got another chance too.
            let held_back = task.after(RelanceEvent::HeldBack)?;
            tasks::save(conn, &held_back, now).await?;
            if held_back.state.may_have_left() {
                // The end of the pause plans only what has not left: this one keeps its job.
                return Ok(lease.reschedule(conn, case.next_sending_time(now)).await?);
            }
        }
        NotSent::AlreadyDone | NotSent::Drafted | NotSent::Replanned | NotSent::DailyLimit => {}
    }
    lease.finish(conn).await?;
    // It is known when the pause ends. Without an end, the one who resumes plans again.
    let ends_by_itself = not_sent == NotSent::Paused && case.pauses().all(|pause| pause.until.is_some());
    // The previous release plans reminders of the first chain whichever one goes on, and nothing else would be planned.
    let is_of_another_chain = not_sent == NotSent::Cancelled(Reason::Replanned);
    if ends_by_itself || is_of_another_chain {
        plan_relances(conn, organization, invoice, client.pause, PlanningTrigger::RulesChanged, now).await?;
    }
    Ok(())
}

async fn send(
    conn: &mut AsyncPgConnection,
    case: &LockedTask,
    parties: Parties<'_>,
    (limits, lease): (SendingLimits, &Lease),
    now: OffsetDateTime,
) -> Result<Claimed, ClaimError> {
    let text = match possibly_sent_text(case)? {
        Some(text) => text.clone(),
        None => case.text_at(now)?,
    };
    let email = compose(parties, case.task.id, &text)?;
    let Some(counted) = recipient_count::count(conn, case, &email, limits, now).await? else {
        recipient_count::postpone(conn, case, lease, now).await?;
        return Ok(Claimed::Settled(NotSent::DailyLimit));
    };
    let mail = Mail {
        text,
        recipient: Some(email.to.address.to_string()),
        message_id: Some(email.message_id.clone()),
    };
    let claimed = case.task.after(RelanceEvent::Claimed { mail, at: now })?;
    tasks::save(conn, &RelanceTask { counted, ..claimed }, now).await?;
    Ok(Claimed::Send(Box::new(email)))
}

/// The text that an attempt may have delivered: the same message again is recognised, another would be a second. Any
/// other reminder has the figures of today, also one that was approved before, and so has one whose invoice has changed
/// since. A text that a person approved is not written anew without that person.
fn possibly_sent_text(case: &LockedTask) -> Result<Option<&RenderedText>, TextError> {
    let Some(written_at) = case.task.sending_since() else { return Ok(None) };
    let stays = case.step.content.requires_manual_validation || case.draft_is_current(written_at)?;
    Ok(case.task.text().filter(|_| stays))
}

/// Metadata of an event about a reminder.
pub(crate) fn event_meta(
    task: rubis_kernel::RelanceTaskId,
    invoice: &Invoice,
    step: &PlanStep,
) -> serde_json::Value {
    json!({
        "relanceId": task,
        "invoiceId": invoice.id,
        "clientId": invoice.client_id,
        "numero": invoice.numero,
        "planStepOrder": step.order,
        "tone": step.content.tone,
    })
}
