//! Plans the reminders of an invoice, the first time or again.

use std::collections::{HashMap, HashSet};

use rubis_accounts::{ActivityKind, NewEvent, Organization, Pause};
use rubis_db::AsyncPgConnection;
use rubis_invoices::Invoice;
use rubis_kernel::{PlanStepId, RelanceTaskId, StepLineageId};
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    cancel_planned::call_off,
    jobs::SendRelance,
    plan::PlanStep,
    planning::{CATCH_UP_DELAY, LastSent, Planned, PlanningRules, StepToPlan, plan_dates},
    queries::{
        plans,
        tasks::{self, TaskToInsert},
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
    let rules =
        PlanningRules { calendar: organization.sending_calendar(), policy: organization.catch_up_policy };
    let planned_from = planned_from(organization, invoice, client_pause, now);
    let dates = plan_dates(&rules, invoice.due_date, &to_plan, history.last_sent, planned_from);

    let replaceable = existing.iter().filter(|task| {
        task.can_be_cancelled() && !(trigger == PlanningTrigger::RulesChanged && task.drafted_at.is_some())
    });
    let wanted: HashMap<PlanStepId, OffsetDateTime> = dates
        .iter()
        .filter_map(|(step, planned)| match planned {
            Planned::At(instant) => Some((*step, *instant)),
            Planned::Skipped => None,
        })
        .collect();
    let stays = |task: &&RelanceTask| {
        wanted.get(&task.plan_step_id).is_some_and(|instant| {
            // What is catching up already goes on, and is not put off by being planned once more.
            let catches_up =
                planned_from == now && *instant == now + CATCH_UP_DELAY && task.send_at <= *instant;
            task.drafted_at.is_none() && (task.send_at == *instant || catches_up)
        })
    };
    let (kept, replaced): (Vec<&RelanceTask>, Vec<&RelanceTask>) = replaceable.partition(stays);
    call_off(
        conn,
        organization.id,
        &replaced,
        reason_not_to_remind(invoice.status).unwrap_or(Reason::Replanned),
        now,
    )
    .await?;

    let kept_steps: HashSet<PlanStepId> = kept.iter().map(|task| task.plan_step_id).collect();
    let new: Vec<TaskToInsert> = dates
        .iter()
        .filter(|(step, _)| !kept_steps.contains(step))
        .filter_map(|(step, planned)| match planned {
            Planned::At(send_at) => Some(TaskToInsert {
                id: RelanceTaskId::new(),
                step: *step,
                send_at: *send_at,
                skipped: false,
            }),
            Planned::Skipped if history.skipped.contains(step) => None,
            Planned::Skipped => {
                Some(TaskToInsert { id: RelanceTaskId::new(), step: *step, send_at: now, skipped: true })
            }
        })
        .collect();
    if !new.is_empty() {
        tasks::insert(conn, organization.id, invoice.id, &new, now).await?;
    }
    // Those that stay are enqueued too: a pause without an end lets jobs go.
    let scheduled = kept.iter().map(|task| (task.id, task.send_at));
    let jobs: Vec<(SendRelance, OffsetDateTime)> = scheduled
        .chain(new.iter().filter(|task| !task.skipped).map(|task| (task.id, task.send_at)))
        .map(|(task_id, send_at)| (SendRelance { organization_id: organization.id, task_id }, send_at))
        .collect();
    rubis_jobs::enqueue_many(conn, &jobs, now).await?;

    if new.iter().any(|task| !task.skipped) {
        let first = jobs.iter().map(|(_, send_at)| *send_at).min();
        let event = NewEvent {
            kind: ActivityKind::RelancesPlanned,
            invoice_id: Some(invoice.id),
            actor: None,
            meta: json!({
                "invoiceId": invoice.id,
                "clientId": invoice.client_id,
                "count": jobs.len(),
                "firstSendAt": first.map(rfc3339),
            }),
        };
        rubis_accounts::record(conn, organization.id, event, now).await?;
    }
    Ok(())
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
        let calendar = organization.sending_calendar();
        for task in existing {
            let Some(step) = steps.get(&task.plan_step_id) else {
                continue;
            };
            let left_at = task.sent_at.or(task.sending_since);
            if let Some(left_at) = left_at {
                let this = LastSent { offset_days: step.content.offset_days, on: calendar.today(left_at) };
                if history.last_sent.is_none_or(|last| this.offset_days > last.offset_days) {
                    history.last_sent = Some(this);
                }
            }
            let is_draft_to_keep = trigger == PlanningTrigger::RulesChanged
                && task.drafted_at.is_some()
                && task.can_be_cancelled();
            let closes = left_at.is_some()
                || is_draft_to_keep
                || task.status == RelanceStatus::Failed
                || task.reason.as_deref() == Some(Reason::CancelledByUser.as_str());
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

fn rfc3339(instant: OffsetDateTime) -> Option<String> {
    instant.format(&time::format_description::well_known::Rfc3339).ok()
}
