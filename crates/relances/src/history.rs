//! The effect of an invoice's reminders so far on the ones to come.

use std::collections::{HashMap, HashSet};

use rubis_accounts::Organization;
use rubis_db::AsyncPgConnection;
use rubis_invoices::Reason;
use rubis_kernel::{PlanStepId, SendingCalendar, StepLineageId};
use time::{Date, OffsetDateTime};

use crate::{
    PlanningTrigger,
    plan::PlanStep,
    planning::{Anchor, Progress},
    queries::plans,
    task::{RelanceStatus, RelanceTask},
};

/// The part of a chain that is done.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The chain that goes on.
    pub chain: i32,
    /// Steps that are not planned again: sent, decided by a user, given up or taken out.
    closed: HashSet<StepLineageId>,
    /// Steps that are recorded as not sent.
    skipped: HashSet<StepLineageId>,
    /// The offset of the furthest step that was sent, or certainly is.
    furthest: Option<i32>,
    /// Dates that those of the other steps follow.
    pub progress: Progress,
}

impl History {
    /// Reads it from an invoice's reminders.
    pub(crate) async fn read(
        conn: &mut AsyncPgConnection,
        organization: &Organization,
        (existing, chain): (&[RelanceTask], i32),
        trigger: PlanningTrigger,
        now: OffsetDateTime,
    ) -> Result<Self, diesel::result::Error> {
        if existing.is_empty() {
            return Ok(Self { chain, ..Self::default() });
        }
        let ids: Vec<PlanStepId> = existing.iter().map(|task| task.plan_step_id).collect();
        let steps = plans::steps_by_ids(conn, organization.id, &ids).await?;
        Ok(Self::of((existing, chain), &steps, &organization.sending_calendar(), trigger, now))
    }

    /// Sums up reminders and their steps.
    pub(crate) fn of(
        (existing, chain): (&[RelanceTask], i32),
        steps: &[PlanStep],
        calendar: &SendingCalendar,
        trigger: PlanningTrigger,
        now: OffsetDateTime,
    ) -> Self {
        let mut history = Self { chain, ..Self::default() };
        let steps: HashMap<PlanStepId, &PlanStep> = steps.iter().map(|step| (step.id, step)).collect();
        for task in existing {
            if let Some(step) = steps.get(&task.plan_step_id) {
                history.add(task, step, Turn::of(task, trigger, calendar, now), calendar);
            }
        }
        history
    }

    fn add(&mut self, task: &RelanceTask, step: &PlanStep, turn: Turn, calendar: &SendingCalendar) {
        let offset_days = step.content.offset_days;
        if let Some(day) = turn.day(task, calendar) {
            self.progress.last_day = self.progress.last_day.max(Some(day));
        }
        if task.chain != self.chain {
            // It was of another debtor, or of another due date.
            return;
        }
        if turn.is_sent() {
            self.furthest = self.furthest.max(Some(offset_days));
        }
        if turn.is_anchor() && self.progress.anchor.is_none_or(|anchor| offset_days >= anchor.offset_days) {
            self.progress.anchor = Some(Anchor { offset_days, meant_for: task.meant_for });
        }
        if turn != Turn::None || task.has_ended_for(&[Reason::CancelledByUser, Reason::Overtaken]) {
            self.closed.insert(step.lineage_id);
        }
        if task.has_ended_for(&[Reason::SkippedByCatchUp, Reason::DayPassed]) {
            self.skipped.insert(step.lineage_id);
        }
    }

    /// Reports if a step is still to be planned: it has not had its turn, and no later one was sent.
    pub(crate) fn leaves_open(&self, step: &PlanStep) -> bool {
        !self.closed.contains(&step.lineage_id)
            && self.furthest.is_none_or(|furthest| step.content.offset_days > furthest)
    }

    /// Reports if it is recorded that a step is not sent, although it has not had its turn.
    pub(crate) fn has_skipped(&self, step: &PlanStep) -> bool {
        self.skipped.contains(&step.lineage_id)
    }

    /// Reports if the reason why a step is not sent is recorded.
    pub(crate) fn explains(&self, step: &PlanStep) -> bool {
        self.closed.contains(&step.lineage_id) || self.has_skipped(step)
    }
}

/// The turn of a step, as far as a reminder has had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// It was sent, or is being sent.
    Sent,
    /// A user sent or approved it, and it is to be sent.
    Ordered,
    /// It waits for a user's approval.
    Drafted,
    /// It was given up.
    Failed,
    /// A user took it out when its day had come.
    TakenOut,
    /// It has had none.
    None,
}

impl Turn {
    fn of(
        task: &RelanceTask,
        trigger: PlanningTrigger,
        calendar: &SendingCalendar,
        now: OffsetDateTime,
    ) -> Self {
        let stays = task.can_be_cancelled() && trigger.leaves_alone(task);
        if task.sent_at().is_some() || task.state.may_have_left() {
            Self::Sent
        } else if stays && task.is_ordered_by_user() {
            Self::Ordered
        } else if stays {
            Self::Drafted
        } else if task.status() == RelanceStatus::Failed {
            Self::Failed
        } else if task.has_ended_for(&[Reason::CancelledByUser]) && task.meant_for <= calendar.today(now) {
            Self::TakenOut
        } else {
            Self::None
        }
    }

    const fn is_sent(self) -> bool {
        matches!(self, Self::Sent | Self::Ordered)
    }

    fn is_anchor(self) -> bool {
        self != Self::None
    }

    /// The day on which the reminder was sent, or had its turn.
    fn day(self, task: &RelanceTask, calendar: &SendingCalendar) -> Option<Date> {
        let instant = match self {
            Self::Sent => task.sent_at().or(task.sending_since()),
            Self::Ordered | Self::Drafted | Self::Failed => Some(task.send_at),
            Self::TakenOut | Self::None => None,
        };
        instant.map(|instant| calendar.today(instant))
    }
}

impl RelanceTask {
    fn has_ended_for(&self, reasons: &[Reason]) -> bool {
        reasons.iter().any(|reason| self.reason() == Some(reason.as_str()))
    }
}
