//! When the reminders of an invoice leave: a pure function of dates.

use rubis_accounts::CatchUpPolicy;
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
    /// The day it left, in the organization's time zone.
    pub on: Date,
}

/// What becomes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    /// It leaves at this instant.
    At(OffsetDateTime),
    /// It was missed, and the organization does not catch up on such steps.
    Skipped,
}

/// All that the dates depend on.
#[derive(Clone, Copy, Debug)]
pub struct PlanningRules {
    /// The organization's sending time, time zone and business days.
    pub calendar: SendingCalendar,
    /// What becomes of steps that should have left already.
    pub policy: CatchUpPolicy,
}

/// Gives each step its date. `steps` come in the order of their offsets, without those that have
/// left; planning the same again later, with what has left in between, gives the same dates.
///
/// A step is missed when it should have left by `now`. With the policy `shift` the first missed one
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
    let catch_up_at = now + CATCH_UP_DELAY;
    match rules.policy {
        CatchUpPolicy::Shift => shift(rules, due_date, steps, last_sent, now),
        CatchUpPolicy::Immediate => steps
            .iter()
            .map(|step| {
                let nominal = nominal_instant(rules, due_date, step.offset_days);
                (step.step, Planned::At(if nominal <= now { catch_up_at } else { nominal }))
            })
            .collect(),
        CatchUpPolicy::Skip => {
            let is_missed = |step: &StepToPlan| nominal_instant(rules, due_date, step.offset_days) <= now;
            let last_missed = steps.iter().rfind(|step| is_missed(step)).map(|step| step.step);
            steps
                .iter()
                .map(|step| {
                    let planned = if Some(step.step) == last_missed {
                        Planned::At(catch_up_at)
                    } else if is_missed(step) {
                        Planned::Skipped
                    } else {
                        Planned::At(nominal_instant(rules, due_date, step.offset_days))
                    };
                    (step.step, planned)
                })
                .collect()
        }
    }
}

fn shift(
    rules: &PlanningRules,
    due_date: Date,
    steps: &[StepToPlan],
    last_sent: Option<LastSent>,
    now: OffsetDateTime,
) -> Vec<(PlanStepId, Planned)> {
    let mut delay = last_sent.map_or(Duration::ZERO, |last| delay_of(rules, due_date, last));
    let mut caught_up = false;
    steps
        .iter()
        .map(|step| {
            let nominal = nominal_instant(rules, due_date + delay, step.offset_days);
            if nominal > now {
                return (step.step, Planned::At(nominal));
            }
            let leaves_at = now + CATCH_UP_DELAY;
            if !caught_up {
                caught_up = true;
                delay = rules.calendar.today(leaves_at) - (due_date + days(step.offset_days));
            }
            (step.step, Planned::At(leaves_at))
        })
        .collect()
}

/// How far the chain runs behind its plan, told by the step that left last. A step that left on the
/// very day it was planned for does not delay the others, even where that day is a business day
/// later than its offset says.
fn delay_of(rules: &PlanningRules, due_date: Date, last: LastSent) -> Duration {
    let meant_for = due_date + days(last.offset_days);
    if last.on <= rules.calendar.sending_day(meant_for) { Duration::ZERO } else { last.on - meant_for }
}

fn nominal_instant(rules: &PlanningRules, due_date: Date, offset_days: i32) -> OffsetDateTime {
    rules.calendar.sending_instant(due_date + days(offset_days))
}

fn days(count: i32) -> Duration {
    Duration::days(count.into())
}

#[cfg(test)]
mod tests;
