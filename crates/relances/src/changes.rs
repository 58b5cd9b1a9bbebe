//! The changes that turn an invoice's reminders into the ones that are wanted: a pure function.

use std::collections::HashSet;

use rubis_invoices::Reason;
use rubis_kernel::{PlanStepId, RelanceTaskId, SendingCalendar};
use time::{Date, Duration, OffsetDateTime};

use crate::{
    PlanningTrigger,
    history::History,
    plan::PlanStep,
    planning::{CATCH_UP_DELAY, Planned, PlannedDate, PlanningRules, StepToPlan, plan_dates},
    queries::tasks::{MovedTask, TaskToInsert},
    task::RelanceTask,
};

/// A reminder that is so much later than its date, on another day, was held back by an outage.
const OUTAGE: Duration = Duration::hours(1);

/// The moment of a planning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// The time.
    pub now: OffsetDateTime,
    /// The instant from which steps count as overdue: now, or just before the end of a pause.
    pub from: OffsetDateTime,
}

/// The changes of an invoice's reminders.
#[derive(Default)]
pub(crate) struct Changes<'a> {
    /// Called off.
    pub replaced: Vec<&'a RelanceTask>,
    /// Given another date, or another day that they are meant for.
    pub moved: Vec<MovedTask>,
    /// Added: planned ones, and records of steps that are not sent.
    pub new: Vec<TaskToInsert>,
    /// The dates of all that are to be sent.
    pub scheduled: Vec<(RelanceTaskId, OffsetDateTime)>,
}

impl<'a> Changes<'a> {
    /// Plans the steps that have not had their turn, and compares the result with the existing reminders.
    pub(crate) fn plan(
        rules: &PlanningRules,
        due_date: Date,
        (steps, history): (&[PlanStep], &History),
        existing: &'a [RelanceTask],
        trigger: PlanningTrigger,
        moment: Moment,
    ) -> Self {
        let dates = dates_of(rules, due_date, steps, history, moment.from);
        let mut changes = Self::default();
        let mut kept = HashSet::new();
        for task in existing.iter().filter(|task| task.can_be_cancelled()) {
            if task.chain != history.chain {
                changes.replaced.push(task);
                continue;
            }
            if trigger.leaves_alone(task) {
                changes.leave_alone(task, moment);
                continue;
            }
            let wanted = dates.iter().find(|(step, _)| *step == task.plan_step_id);
            let date = wanted.and_then(|(_, planned)| planned.date()).filter(|_| !task.is_drafted());
            if date.is_some_and(|date| changes.keep(task, date, &rules.calendar, moment)) {
                kept.insert(task.plan_step_id);
            } else {
                changes.replaced.push(task);
            }
        }
        let added = dates.iter().filter(|(step, _)| !kept.contains(step));
        let today = rules.calendar.today(moment.now);
        changes.new = added.map(|(step, planned)| new_task(*step, *planned, today, moment.now)).collect();
        let planned = changes.new.iter().filter(|task| task.skipped.is_none());
        changes.scheduled.extend(planned.map(|task| (task.id, task.send_at)));
        changes
    }

    fn leave_alone(&mut self, task: &RelanceTask, moment: Moment) {
        if !task.awaits_approval() {
            // A reminder that a user sent or approved is sent when the pause ends.
            let is_paused = moment.from > moment.now;
            let send_at = if is_paused { moment.from + CATCH_UP_DELAY } else { task.send_at };
            self.scheduled.push((task.id, send_at));
        }
    }

    /// Keeps a reminder, with another date if need be. One that a worker has claimed before is replaced if its date
    /// changes: its job has attempts behind it, and its text may have reached a mail server.
    fn keep(
        &mut self,
        task: &RelanceTask,
        date: PlannedDate,
        calendar: &SendingCalendar,
        moment: Moment,
    ) -> bool {
        // A reminder that catches up already is not put off by being planned once more.
        let goes_on = moment.from == moment.now
            && date.catches_up
            && task.send_at <= date.instant
            && !is_held_back(task, calendar, moment.now);
        let send_at = if goes_on { task.send_at } else { date.instant };
        if task.send_at != send_at && task.was_claimed() {
            return false;
        }
        if (task.send_at, task.meant_for) != (send_at, date.meant_for) {
            self.moved.push(MovedTask { id: task.id, send_at, meant_for: date.meant_for });
        }
        self.scheduled.push((task.id, send_at));
        true
    }
}

/// The dates of the steps that have not had their turn, and the reasons of those that never will and are not explained
/// yet.
fn dates_of(
    rules: &PlanningRules,
    due_date: Date,
    steps: &[PlanStep],
    history: &History,
    from: OffsetDateTime,
) -> Vec<(PlanStepId, Planned)> {
    let (open, done): (Vec<&PlanStep>, Vec<&PlanStep>) =
        steps.iter().partition(|step| history.leaves_open(step));
    let to_plan: Vec<StepToPlan> = open
        .iter()
        // A step that was skipped is not sent in place of the later one that a user takes out.
        .filter(|step| !(history.has_skipped(step) && rules.skips(due_date, step.content.offset_days, from)))
        .map(|step| StepToPlan { step: step.id, offset_days: step.content.offset_days })
        .collect();
    let explained: HashSet<PlanStepId> =
        steps.iter().filter(|step| history.explains(step)).map(|step| step.id).collect();
    let planned = plan_dates(rules, due_date, &to_plan, history.progress, from);
    let overtaken = done.into_iter().map(|step| (step.id, Planned::Skipped(Reason::Overtaken)));
    planned
        .into_iter()
        .chain(overtaken)
        .filter(|(step, planned)| planned.date().is_some() || !explained.contains(step))
        .collect()
}

fn new_task(step: PlanStepId, planned: Planned, today: Date, now: OffsetDateTime) -> TaskToInsert {
    let (send_at, meant_for, skipped) = match planned {
        Planned::At(date) => (date.instant, date.meant_for, None),
        Planned::Skipped(reason) => (now, today, Some(reason)),
    };
    TaskToInsert { id: RelanceTaskId::new(), step, send_at, meant_for, skipped }
}

/// Reports if an outage held a reminder back until another day.
pub(crate) fn is_held_back(task: &RelanceTask, calendar: &SendingCalendar, now: OffsetDateTime) -> bool {
    calendar.today(now) > calendar.today(task.send_at) && now - task.send_at > OUTAGE
}

#[cfg(test)]
mod tests;
