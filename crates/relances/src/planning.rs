//! When the reminders of an invoice leave: a pure function of dates.

use rubis_accounts::CatchUpPolicy;
use rubis_invoices::AwaitedAnswer;
use rubis_kernel::{PlanStepId, SendingCalendar};
use time::{Date, Duration, OffsetDateTime};

/// What is overdue when it is planned leaves this much later: time enough to take it back.
pub const CATCH_UP_DELAY: Duration = Duration::minutes(1);

/// A step that has to be given a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepToPlan {
    /// Which step.
    pub step: PlanStepId,
    /// Days from the due date, negative before it.
    pub offset_days: i32,
}

/// The furthest step that has left already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastSent {
    /// Its days from the due date.
    pub offset_days: i32,
    /// The day that it was meant for, before weekends and public holidays were passed over. It is later
    /// than the plan says where the chain was late.
    pub meant_for: Date,
}

/// What becomes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    /// It leaves then.
    At(PlannedDate),
    /// It was missed, and the organization does not catch up on such steps.
    Skipped,
}

/// When a step leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedDate {
    /// The instant.
    pub instant: OffsetDateTime,
    /// The day that it is meant for, before weekends and public holidays are passed over.
    pub meant_for: Date,
}

/// All that the dates depend on.
#[derive(Clone, Copy, Debug)]
pub struct PlanningRules {
    /// The organization's sending time, time zone and business days.
    pub calendar: SendingCalendar,
    /// What becomes of steps that should have left already.
    pub policy: CatchUpPolicy,
    /// When nothing leaves, because the user was asked whether the invoice is paid.
    pub awaited_answer: Option<AwaitedAnswer>,
}

impl PlanningRules {
    /// The instant from which a date counts as missed: now, or for what would leave while the user's answer
    /// is awaited, the end of that.
    fn missed_from(&self, date: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
        let leaves = date.max(now + CATCH_UP_DELAY);
        match self.awaited_answer {
            Some(awaited) if awaited.holds(leaves) => {
                let day = self.calendar.today(awaited.until);
                let end = if self.calendar.sends_on(day) {
                    awaited.until
                } else {
                    self.calendar.sending_instant(day)
                };
                end - CATCH_UP_DELAY
            }
            _ => now,
        }
    }
}

/// Gives each step its date. `steps` come in the order of their offsets, without those that have
/// left; planning the same again later, with what has left in between, gives the same dates.
///
/// A step is missed when it should have left by `now`, or would leave while the user's answer is awaited;
/// it then counts from the end of that. With the policy `shift` the first missed one
/// leaves a minute after `now`, and all that follow keep the plan's spacing from there; with
/// `immediate` every missed one leaves after that minute; with `skip` only the last missed one does.
#[must_use]
pub fn plan_dates(
    rules: &PlanningRules,
    due_date: Date,
    steps: &[StepToPlan],
    last_sent: Option<LastSent>,
    now: OffsetDateTime,
) -> Vec<(PlanStepId, Planned)> {
    match rules.policy {
        CatchUpPolicy::Shift => shift(rules, due_date, steps, last_sent, now),
        CatchUpPolicy::Immediate => steps
            .iter()
            .map(|step| {
                let nominal = on_day(rules, due_date + days(step.offset_days));
                let missed_from = rules.missed_from(nominal.instant, now);
                let is_missed = nominal.instant <= missed_from;
                (step.step, Planned::At(if is_missed { at_once(nominal, missed_from) } else { nominal }))
            })
            .collect(),
        CatchUpPolicy::Skip => skip(rules, due_date, steps, now),
    }
}

fn skip(
    rules: &PlanningRules,
    due_date: Date,
    steps: &[StepToPlan],
    now: OffsetDateTime,
) -> Vec<(PlanStepId, Planned)> {
    let nominal = |step: &StepToPlan| on_day(rules, due_date + days(step.offset_days));
    let missed_from = |step: &StepToPlan| rules.missed_from(nominal(step).instant, now);
    let is_missed = |step: &StepToPlan| nominal(step).instant <= missed_from(step);
    let last_missed = steps.iter().rfind(|step| is_missed(step)).map(|step| step.step);
    steps
        .iter()
        .map(|step| {
            let planned = if Some(step.step) == last_missed {
                Planned::At(at_once(nominal(step), missed_from(step)))
            } else if is_missed(step) {
                Planned::Skipped
            } else {
                Planned::At(nominal(step))
            };
            (step.step, planned)
        })
        .collect()
}

fn shift(
    rules: &PlanningRules,
    due_date: Date,
    steps: &[StepToPlan],
    last_sent: Option<LastSent>,
    now: OffsetDateTime,
) -> Vec<(PlanStepId, Planned)> {
    // How far the chain runs behind its plan, told by the step that left last.
    let mut delay = last_sent.map_or(Duration::ZERO, |last| {
        (last.meant_for - (due_date + days(last.offset_days))).max(Duration::ZERO)
    });
    let mut caught_up = false;
    steps
        .iter()
        .map(|step| {
            let meant_for = due_date + delay + days(step.offset_days);
            let nominal = on_day(rules, meant_for);
            let missed_from = rules.missed_from(nominal.instant, now);
            if nominal.instant > missed_from {
                return (step.step, Planned::At(nominal));
            }
            let today = rules.calendar.today(missed_from + CATCH_UP_DELAY);
            // A step that leaves on the very day it was planned for delays nothing, even where that day is
            // a business day later than its offset says.
            if !caught_up && today > rules.calendar.sending_day(meant_for) {
                delay += today - meant_for;
            }
            caught_up = true;
            let meant_for = due_date + delay + days(step.offset_days);
            (step.step, Planned::At(at_once(PlannedDate { meant_for, ..nominal }, missed_from)))
        })
        .collect()
}

fn on_day(rules: &PlanningRules, meant_for: Date) -> PlannedDate {
    PlannedDate { instant: rules.calendar.sending_instant(meant_for), meant_for }
}

fn at_once(nominal: PlannedDate, now: OffsetDateTime) -> PlannedDate {
    PlannedDate { instant: now + CATCH_UP_DELAY, ..nominal }
}

fn days(count: i32) -> Duration {
    Duration::days(count.into())
}

#[cfg(test)]
mod tests;
