//! Plans the reminders of an invoice, the first time or again.

use std::collections::{HashMap, HashSet};

use rubis_accounts::{ActivityKind, NewEvent, Organization, Pause};
use rubis_db::AsyncPgConnection;
use rubis_invoices::Invoice;
use rubis_kernel::{PlanStepId, RelanceTaskId, StepLineageId};
use serde_json::json;
use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    cancel_planned::call_off,
    jobs::SendRelance,
    plan::PlanStep,
    planning::{CATCH_UP_DELAY, LastSent, Planned, PlannedDate, PlanningRules, StepToPlan, plan_dates},
    queries::{
        plans,
        tasks::{self, TaskChange, TaskToInsert},
    },
    task::{Reason, RelanceStatus, RelanceTask, reason_not_to_remind},
};

/// Why an invoice is planned again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanningTrigger {
    /// The invoice is new or another: what is planned for it, drafts included, is planned afresh.
    InvoiceChanged,
    /// The rules or the plan changed, or a pause began or ended: a formal notice that waits for its
    /// approval goes on waiting.
    RulesChanged,
    /// The user answered that the invoice is not paid: what waited for that leaves at once.
    AnsweredPending,
}

impl PlanningTrigger {
    /// Whether a reminder that could be called off stays as it is: one that a person drafted, approved
    /// or sent at once keeps what that person decided, unless the invoice is another.
    const fn leaves_alone(self, task: &RelanceTask) -> bool {
        match self {
            Self::InvoiceChanged => false,
            Self::RulesChanged | Self::AnsweredPending => {
                task.drafted_at.is_some() || task.hurried_at.is_some()
            }
        }
    }
}

/// Plans the reminders of an invoice, in the caller's transaction, which holds the invoice's lock.
/// What is scheduled and stays as it is keeps its place; the rest is called off and planned afresh;
/// what has left, or was taken out by hand, is not planned again. An invoice that is not to be
/// reminded loses all that is planned.
///
/// A pause with an end moves what it holds back to that end, where the catch-up policy applies.
///
/// # Errors
/// The database's.
pub async fn plan_relances(
    conn: &mut AsyncPgConnection,
    organization: &Organization,
    invoice: &Invoice,
    client_pause: Option<Pause>,
    trigger: PlanningTrigger,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let existing = tasks::lock_of_invoice(conn, organization.id, invoice.id).await?;
    let steps = match invoice.plan_id {
        Some(plan) if reason_not_to_remind(invoice.status).is_none() => {
            plans::find(conn, organization.id, plan).await?.map(|plan| plan.steps).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let history = History::read(conn, organization, &existing, trigger).await?;
    let to_plan: Vec<StepToPlan> = steps
        .iter()
        .filter(|step| history.leaves_open(step))
        .map(|step| StepToPlan { step: step.id, offset_days: step.content.offset_days })
        .collect();
    let rules = PlanningRules {
        calendar: organization.sending_calendar(),
        policy: organization.catch_up_policy,
        awaited_answer: invoice.awaited_answer,
    };
    let from = match trigger {
        PlanningTrigger::AnsweredPending => now - CATCH_UP_DELAY,
        PlanningTrigger::InvoiceChanged | PlanningTrigger::RulesChanged => now,
    };
    let planned_from = planned_from(organization, invoice, client_pause, from);
    let dates = plan_dates(&rules, invoice.due_date, &to_plan, history.last_sent, planned_from);

    let wanted: HashMap<PlanStepId, PlannedDate> = dates
        .iter()
        .filter_map(|(step, planned)| match planned {
            Planned::At(date) => Some((*step, *date)),
            Planned::Skipped => None,
        })
        .collect();
    let stays = |task: &&RelanceTask| {
        wanted.get(&task.plan_step_id).is_some_and(|date| {
            // What is catching up already goes on, and is not put off by being planned once more.
            let catches_up =
                planned_from == now && date.instant == now + CATCH_UP_DELAY && task.send_at <= date.instant;
            task.drafted_at.is_none() && (task.send_at == date.instant || catches_up)
        })
    };
    let (left_alone, replaceable): (Vec<&RelanceTask>, Vec<&RelanceTask>) =
        existing.iter().filter(|task| task.can_be_cancelled()).partition(|task| trigger.leaves_alone(task));
    let (kept, replaced): (Vec<&RelanceTask>, Vec<&RelanceTask>) = replaceable.into_iter().partition(stays);
    let reason = reason_not_to_remind(invoice.status).unwrap_or(Reason::Replanned);
    call_off(conn, organization.id, &replaced, reason, now).await?;

    let mut scheduled = Vec::new();
    for task in &kept {
        if let Some(date) = wanted.get(&task.plan_step_id).filter(|date| date.meant_for != task.meant_for) {
            let change = TaskChange { meant_for: Some(date.meant_for), ..TaskChange::default() };
            tasks::change(conn, organization.id, task.id, &change, now).await?;
        }
        scheduled.push((task.id, task.send_at));
    }
    // What is to leave at once by a person's word leaves when the pause ends.
    let pause_ends = (planned_from > now).then_some(planned_from + CATCH_UP_DELAY);
    let at_once = left_alone.into_iter().filter(|task| !task.awaits_approval());
    scheduled.extend(at_once.map(|task| (task.id, pause_ends.unwrap_or(task.send_at))));

    let kept_steps: HashSet<PlanStepId> = kept.iter().map(|task| task.plan_step_id).collect();
    let new =
        new_tasks(&dates, &kept_steps, &history.skipped, organization.sending_calendar().today(now), now);
    if !new.is_empty() {
        tasks::insert(conn, organization.id, invoice.id, &new, now).await?;
    }
    let planned: Vec<_> =
        new.iter().filter(|task| !task.skipped).map(|task| (task.id, task.send_at)).collect();
    if !planned.is_empty() {
        scheduled.extend(&planned);
        tell_feed(conn, invoice, &scheduled, now).await?;
    }
    // Those that stay are enqueued too: a pause without an end lets jobs go.
    let jobs: Vec<(SendRelance, OffsetDateTime)> = scheduled
        .into_iter()
        .map(|(task_id, send_at)| (SendRelance { organization_id: organization.id, task_id }, send_at))
        .collect();
    rubis_jobs::enqueue_many(conn, &jobs, now).await.map(drop)
}

/// The reminders that are not planned yet, and the skipped ones that were not told of yet.
fn new_tasks(
    dates: &[(PlanStepId, Planned)],
    kept: &HashSet<PlanStepId>,
    told_as_skipped: &HashSet<PlanStepId>,
    today: Date,
    now: OffsetDateTime,
) -> Vec<TaskToInsert> {
    let task = |step, send_at, meant_for, skipped| TaskToInsert {
        id: RelanceTaskId::new(),
        step,
        send_at,
        meant_for,
        skipped,
    };
    dates
        .iter()
        .filter(|(step, _)| !kept.contains(step))
        .filter_map(|(step, planned)| match planned {
            Planned::At(date) => Some(task(*step, date.instant, date.meant_for, false)),
            Planned::Skipped if told_as_skipped.contains(step) => None,
            Planned::Skipped => Some(task(*step, now, today, true)),
        })
        .collect()
}

/// Tells the feed how many reminders are to leave, and when the first one does.
async fn tell_feed(
    conn: &mut AsyncPgConnection,
    invoice: &Invoice,
    scheduled: &[(RelanceTaskId, OffsetDateTime)],
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let first = scheduled.iter().map(|(_, send_at)| *send_at).min();
    let meta = json!({
        "invoiceId": invoice.id,
        "clientId": invoice.client_id,
        "count": scheduled.len(),
        "firstSendAt": first.and_then(|first| first.format(&Rfc3339).ok()),
    });
    let event =
        NewEvent { kind: ActivityKind::RelancesPlanned, invoice_id: Some(invoice.id), actor: None, meta };
    rubis_accounts::record(conn, invoice.organization_id, event, now).await
}

/// What an invoice's reminders so far mean for the ones to come.
#[derive(Debug, Default)]
struct History {
    closed: HashSet<StepLineageId>,
    skipped: HashSet<PlanStepId>,
    last_sent: Option<LastSent>,
}

impl History {
    async fn read(
        conn: &mut AsyncPgConnection,
        organization: &Organization,
        existing: &[RelanceTask],
        trigger: PlanningTrigger,
    ) -> Result<Self, diesel::result::Error> {
        let mut history = Self::default();
        if existing.is_empty() {
            return Ok(history);
        }
        let ids: Vec<PlanStepId> = existing.iter().map(|task| task.plan_step_id).collect();
        let steps: HashMap<PlanStepId, PlanStep> = plans::steps_by_ids(conn, organization.id, &ids)
            .await?
            .into_iter()
            .map(|step| (step.id, step))
            .collect();
        for task in existing {
            let Some(step) = steps.get(&task.plan_step_id) else {
                continue;
            };
            let has_left = task.sent_at.is_some() || task.sending_since.is_some();
            if has_left {
                let this = LastSent { offset_days: step.content.offset_days, meant_for: task.meant_for };
                if history.last_sent.is_none_or(|last| this.offset_days > last.offset_days) {
                    history.last_sent = Some(this);
                }
            }
            let was_taken_out = [Reason::CancelledByUser, Reason::Overtaken]
                .iter()
                .any(|reason| task.reason.as_deref() == Some(reason.as_str()));
            let closes = has_left
                || task.can_be_cancelled() && trigger.leaves_alone(task)
                || task.status == RelanceStatus::Failed
                || was_taken_out;
            if closes {
                history.closed.insert(step.lineage_id);
            }
            if task.reason.as_deref() == Some(Reason::SkippedByCatchUp.as_str()) {
                history.skipped.insert(step.id);
            }
        }
        Ok(history)
    }

    /// Whether a step is still to be planned: it has not left, and no later one has.
    fn leaves_open(&self, step: &PlanStep) -> bool {
        !self.closed.contains(&step.lineage_id)
            && self.last_sent.is_none_or(|last| step.content.offset_days > last.offset_days)
    }
}

/// The instant from which steps count as missed: now, or just before the end of a pause.
fn planned_from(
    organization: &Organization,
    invoice: &Invoice,
    client_pause: Option<Pause>,
    now: OffsetDateTime,
) -> OffsetDateTime {
    let calendar = organization.sending_calendar();
    [organization.pause, client_pause, invoice.pause]
        .into_iter()
        .flatten()
        .filter(|pause| pause.holds_on(calendar.today(now)))
        .filter_map(|pause| pause.until)
        .map(|until| calendar.sending_instant(until) - CATCH_UP_DELAY)
        .fold(now, OffsetDateTime::max)
}
