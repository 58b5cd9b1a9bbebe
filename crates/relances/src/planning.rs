//! Dates of an invoice's reminders: a pure function.

use rubis_accounts::CatchUpPolicy;
use rubis_invoices::{AwaitedAnswer, Reason};
use rubis_kernel::{PlanStepId, SendingCalendar};
use time::{Date, Duration, OffsetDateTime};

/// The time between planning and sending an overdue reminder: enough to take it back.
pub const CATCH_UP_DELAY: Duration = Duration::minutes(1);

/// A step to be given a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepToPlan {
    /// The step.
    pub step: PlanStepId,
    /// Days from the due date, negative before it.
    pub offset_days: i32,
}

/// The furthest step that has had its turn: it was sent, is being sent, was drafted, was given up or was taken out
/// by a user. The steps after it keep the plan's spacing from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its days from the due date.
    pub offset_days: i32,
    /// The day that it was meant for, before weekends and public holidays were passed over. It is later than the
    /// plan says if the chain was late.
    pub meant_for: Date,
}

/// The part of a chain that is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The step from which the spacing counts.
    pub anchor: Option<Anchor>,
    /// The last day that has its reminder.
    pub last_day: Option<Date>,
}

/// The result of planning a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    /// It is sent then.
    At(PlannedDate),
    /// It is not sent, for this reason.
    Skipped(Reason),
}

impl Planned {
    /// The date, unless the step is skipped.
    #[must_use]
    pub const fn date(self) -> Option<PlannedDate> {
        match self {
            Self::At(date) => Some(date),
            Self::Skipped(_) => None,
        }
    }
}

/// The date of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedDate {
    /// The instant.
    pub instant: OffsetDateTime,
    /// The day that it is meant for, before weekends, public holidays and days with another reminder are passed
    /// over.
    pub meant_for: Date,
    /// Set if it is overdue and waits for nothing.
    pub catches_up: bool,
}

/// The time at which overdue steps are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    /// A minute from now, at any hour of any day: a signed-in user started it.
    AtOnce,
    /// A minute from now if the sending time of a business day has passed, or else at the next sending time: it
    /// happens on its own.
    InBusinessHours,
}

/// The rules that dates depend on.
#[derive(Clone, Copy, Debug)]
pub struct PlanningRules {
    /// The organization's sending time, time zone and business days.
    pub calendar: SendingCalendar,
    /// The treatment of overdue steps.
    pub policy: CatchUpPolicy,
    /// The time at which they are sent.
    pub catch_up: CatchUp,
    /// The time during which nothing is sent, because the user was asked if the invoice is paid.
    pub awaited_answer: Option<AwaitedAnswer>,
}

impl PlanningRules {
    /// The instant at which a step of this slot is sent, and if that is later than the slot.
    fn send_at(&self, slot: OffsetDateTime, now: OffsetDateTime) -> SendAt {
        let is_missed = slot <= now;
        let instant = if is_missed { self.catch_up_at(now) } else { slot };
        match self.awaited_answer {
            Some(awaited) if awaited.holds(instant) => {
                SendAt::Later { instant: self.calendar.in_business_hours(awaited.until), is_held: true }
            }
            _ if is_missed => SendAt::Later { instant, is_held: false },
            _ => SendAt::OnTime,
        }
    }

    /// Reports if the policy sends a step of this offset only when no later one is overdue.
    pub(crate) fn skips(&self, due_date: Date, offset_days: i32, now: OffsetDateTime) -> bool {
        self.policy == CatchUpPolicy::Skip
            && self.calendar.sending_instant(due_date + days(offset_days)) <= now
    }

    fn catch_up_at(&self, now: OffsetDateTime) -> OffsetDateTime {
        let soon = now + CATCH_UP_DELAY;
        match self.catch_up {
            CatchUp::AtOnce => soon,
            CatchUp::InBusinessHours => self.calendar.in_business_hours(soon),
        }
    }
}

enum SendAt {
    OnTime,
    /// The slot has passed, or it falls into the wait for the user's answer.
    Later {
        instant: OffsetDateTime,
        is_held: bool,
    },
}

/// Gives each step its date: at most one a day, on business days, in the order of the plan. `steps` come in the order of
/// their offsets, without those that have had their turn. Planning the same again later, with the progress in
/// between, gives the same dates.
///
/// A step is overdue if its slot has passed by `now`, or falls into the wait for the user's answer; it then counts
/// from the end of that. With the policy `shift` the first overdue step catches up, and the others keep the plan's
/// spacing from there; with `immediate` the first one catches up and one more is sent each business day; with
/// `skip` only the last one is sent. A step before the due date is sent by the due date, on its own day, or not at all.
#[must_use]
pub fn plan_dates(
    rules: &PlanningRules,
    due_date: Date,
    steps: &[StepToPlan],
    progress: Progress,
    now: OffsetDateTime,
) -> Vec<(PlanStepId, Planned)> {
    let mut chain = ChainDates::new(rules, due_date, progress, now);
    let last_overdue = match rules.policy {
        CatchUpPolicy::Skip => chain.clone().last_overdue(steps),
        CatchUpPolicy::Shift | CatchUpPolicy::Immediate => None,
    };
    let first_sent = last_overdue.unwrap_or(0);
    steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let is_skipped = step.offset_days >= 0 && index < first_sent;
            let planned =
                if is_skipped { Planned::Skipped(Reason::SkippedByCatchUp) } else { chain.place(step) };
            (step.step, planned)
        })
        .collect()
}

/// The dates of a chain while they are given out.
#[derive(Clone)]
struct ChainDates<'a> {
    rules: &'a PlanningRules,
    due_date: Date,
    now: OffsetDateTime,
    /// Delay of the chain behind its plan.
    delay: Duration,
    last_day: Option<Date>,
}

impl<'a> ChainDates<'a> {
    fn new(rules: &'a PlanningRules, due_date: Date, progress: Progress, now: OffsetDateTime) -> Self {
        let delay = progress
            .anchor
            .filter(|anchor| rules.policy == CatchUpPolicy::Shift && anchor.offset_days >= 0)
            .map_or(Duration::ZERO, |anchor| anchor.meant_for - (due_date + days(anchor.offset_days)))
            .max(Duration::ZERO);
        Self { rules, due_date, now, delay, last_day: progress.last_day }
    }

    fn place(&mut self, step: &StepToPlan) -> Planned {
        let planned =
            if step.offset_days < 0 { self.before_due_date(step) } else { Some(self.after_it(step)) };
        let Some(date) = planned else { return Planned::Skipped(Reason::DayPassed) };
        self.last_day = Some(self.rules.calendar.today(date.instant));
        Planned::At(date)
    }

    fn before_due_date(&self, step: &StepToPlan) -> Option<PlannedDate> {
        let calendar = &self.rules.calendar;
        let meant_for = self.due_date + days(step.offset_days);
        let day = self.free_day(meant_for);
        let slot = calendar.sending_instant(day);
        let date = match self.rules.send_at(slot, self.now) {
            SendAt::OnTime => PlannedDate { instant: slot, meant_for, catches_up: false },
            SendAt::Later { instant, is_held } => PlannedDate { instant, meant_for, catches_up: !is_held },
        };
        let sent_on = calendar.today(date.instant);
        (sent_on == day && sent_on <= self.due_date).then_some(date)
    }

    fn after_it(&mut self, step: &StepToPlan) -> PlannedDate {
        let calendar = &self.rules.calendar;
        let mut meant_for = self.due_date + self.delay + days(step.offset_days);
        let day = self.free_day(meant_for);
        let slot = calendar.sending_instant(day);
        let SendAt::Later { instant, is_held } = self.rules.send_at(slot, self.now) else {
            return PlannedDate { instant: slot, meant_for, catches_up: false };
        };
        let sent_on = calendar.today(instant);
        // A step that is sent on the very day it was planned for delays nothing, even if that day is a business day
        // later than its offset says.
        if self.rules.policy == CatchUpPolicy::Shift && sent_on > day {
            self.delay += sent_on - meant_for;
            meant_for = sent_on;
        }
        PlannedDate { instant, meant_for, catches_up: !is_held }
    }

    /// This day, or the next on which reminders are sent and none of this invoice is.
    fn free_day(&self, meant_for: Date) -> Date {
        let calendar = &self.rules.calendar;
        let after_last = self.last_day.and_then(Date::next_day);
        calendar.sending_day(after_last.map_or(meant_for, |free| free.max(meant_for)))
    }

    /// The index of the last step that should have been sent, had each been sent on its day.
    fn last_overdue(mut self, steps: &[StepToPlan]) -> Option<usize> {
        let mut last = None;
        for (index, step) in steps.iter().enumerate().filter(|(_, step)| step.offset_days >= 0) {
            let day = self.free_day(self.due_date + days(step.offset_days));
            let slot = self.rules.calendar.sending_instant(day);
            if matches!(self.rules.send_at(slot, self.now), SendAt::Later { .. }) {
                last = Some(index);
            }
            self.last_day = Some(day);
        }
        last
    }
}

fn days(count: i32) -> Duration {
    Duration::days(count.into())
}

#[cfg(test)]
mod tests;
