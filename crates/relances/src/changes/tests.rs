//! A chain lives through settings changes, outages, retries and users, and keeps its promises.

use proptest::prelude::*;
use rubis_accounts::CatchUpPolicy;
use rubis_invoices::Reason;
use rubis_kernel::{HolidayCalendar, InvoiceId, OrganizationId, PlanId, StepLineageId};
use time::{
    Time,
    macros::{date, datetime, time},
};

use super::*;
use crate::{
    CatchUp, Tone,
    plan::StepContent,
    state::{Mail, RelanceEvent, RelanceState},
    task::RelanceStatus,
    text::RenderedText,
};

const START: OffsetDateTime = datetime!(2026-11-24 09:00 UTC);
const TIMES: [Time; 3] = [time!(07:30), time!(09:00), time!(16:00)];

/// An invoice's chain, and a worker that is up or down.
struct Chain {
    rules: PlanningRules,
    due_date: Date,
    steps: Vec<PlanStep>,
    tasks: Vec<RelanceTask>,
    now: OffsetDateTime,
    /// The number of attempts that fail from now on.
    failures: u8,
    /// Set if a user worked on a weekend: what they started is sent at once.
    works_on_weekends: bool,
}

impl Chain {
    fn new(due_date: Date, offsets: &[i32], policy: CatchUpPolicy) -> Self {
        let calendar = SendingCalendar {
            time_zone: "Europe/Paris".parse().unwrap(),
            sending_time: time!(09:00),
            business_days_only: true,
            holidays: HolidayCalendar::Metropolitan,
        };
        let rules = PlanningRules { calendar, policy, catch_up: CatchUp::AtOnce, awaited_answer: None };
        let steps = offsets.iter().zip(0..).map(|(offset_days, order)| step(*offset_days, order)).collect();
        let mut chain = Self {
            rules,
            due_date,
            steps,
            tasks: Vec::new(),
            now: START,
            failures: 0,
            works_on_weekends: false,
        };
        chain.plan(PlanningTrigger::InvoiceChanged);
        chain
    }

    /// Plans as `plan_relances` does.
    fn plan(&mut self, trigger: PlanningTrigger) {
        let rules = PlanningRules { catch_up: trigger.catch_up(), ..self.rules };
        let history = History::of((&self.tasks, 0), &self.steps, &rules.calendar, trigger, self.now);
        let moment = Moment { now: self.now, from: self.now };
        let before = self.tasks.clone();
        let changes = Changes::plan(&rules, self.due_date, (&self.steps, &history), &before, trigger, moment);
        for replaced in &changes.replaced {
            self.happens(replaced.id, RelanceEvent::Cancelled { reason: Reason::Replanned });
        }
        for moved in &changes.moved {
            let task = self.task(moved.id);
            (task.send_at, task.meant_for) = (moved.send_at, moved.meant_for);
        }
        self.tasks.extend(changes.new.iter().map(|new| task(new, self.now)));
        self.check_that_every_step_is_visible();
    }

    fn check_that_every_step_is_visible(&self) {
        for step in &self.steps {
            let of_step: Vec<&RelanceTask> =
                self.tasks.iter().filter(|task| task.plan_step_id == step.id).collect();
            let is_visible = |task: &&&RelanceTask| task.reason() != Some(Reason::Replanned.as_str());
            assert!(
                of_step.iter().any(|task| is_visible(&task)),
                "{} is gone: {of_step:?}",
                step.content.offset_days
            );
            let live = of_step
                .iter()
                .filter(|task| matches!(task.status(), RelanceStatus::Scheduled | RelanceStatus::Sent));
            assert!(live.count() <= 1, "a step is planned once");
        }
    }

    fn task(&mut self, id: RelanceTaskId) -> &mut RelanceTask {
        self.tasks.iter_mut().find(|task| task.id == id).unwrap()
    }

    fn happens(&mut self, id: RelanceTaskId, event: RelanceEvent) {
        let task = self.task(id);
        *task = task.after(event).unwrap();
    }

    fn offset(&self, task: &RelanceTask) -> i32 {
        self.steps.iter().find(|step| step.id == task.plan_step_id).unwrap().content.offset_days
    }

    fn today(&self, instant: OffsetDateTime) -> Date {
        self.rules.calendar.today(instant)
    }

    /// The reminders that are due, the last step first: the order of jobs is not that of the plan.
    fn due(&self) -> Vec<RelanceTaskId> {
        let due = self.tasks.iter().filter(|task| is_due(task, self.now));
        due.rev().map(|task| task.id).collect()
    }

    /// Lets the worker claim what is due, as `claim_relance` does, until the end of this time.
    fn work(&mut self, hours: i64) {
        let end = self.now + Duration::hours(hours);
        loop {
            for id in self.due() {
                self.claim(id);
            }
            let next = self.tasks.iter().filter(|task| task.status() == RelanceStatus::Scheduled);
            let next = next.map(|task| task.send_at.max(self.now + Duration::minutes(1))).min();
            match next.filter(|next| *next <= end) {
                Some(next) => self.now = next,
                None => break,
            }
        }
        self.now = end;
    }

    fn claim(&mut self, id: RelanceTaskId) {
        let found = self.task(id).clone();
        if !is_due(&found, self.now) {
            return;
        }
        let today = self.today(self.now);
        let sent_today = |task: &RelanceTask| task.sent_at().is_some_and(|at| self.today(at) == today);
        let mut others = self.tasks.iter().filter(|task| task.id != id);
        let has_sibling = others.any(|task| is_due(task, self.now) || sent_today(task));
        if has_sibling || is_held_back(&found, &self.rules.calendar, self.now) {
            self.plan(PlanningTrigger::RulesChanged);
            let now = self.now;
            if !is_due(self.task(id), now) {
                return;
            }
        }
        self.send(id);
    }

    fn send(&mut self, id: RelanceTaskId) {
        let (now, found) = (self.now, self.task(id).clone());
        let text = RenderedText { subject: "Facture".to_owned(), body: "Bonjour".to_owned() };
        self.happens(id, RelanceEvent::Claimed { mail: Mail::unsent(text), at: now });
        if self.failures > 0 {
            self.failures -= 1;
            self.happens(id, RelanceEvent::NotTaken { began: now });
            return;
        }
        if !found.is_ordered_by_user() {
            let today = self.today(now);
            for sent in self.tasks.iter().filter(|task| task.sent_at().is_some()) {
                assert_ne!(self.today(sent.sent_at().unwrap()), today, "one a day: {sent:?} {found:?}");
                assert!(self.offset(sent) < self.offset(&found), "in the order of the plan");
            }
            let is_on_time = self.rules.calendar.sends_on(today) || self.works_on_weekends;
            assert!(is_on_time, "on business days: {found:?} at {now}");
        }
        self.happens(id, RelanceEvent::Sent { refused_copies: Vec::new(), at: now });
    }

    /// A user sends a reminder, as `send_relance_now` does.
    fn send_by_hand(&mut self, index: usize) {
        let scheduled: Vec<RelanceTask> =
            self.tasks.iter().filter(|task| task.status() == RelanceStatus::Scheduled).cloned().collect();
        let Some(chosen) = scheduled.get(index % scheduled.len().max(1)).cloned() else { return };
        for earlier in scheduled.iter().filter(|task| task.send_at < chosen.send_at) {
            self.happens(earlier.id, RelanceEvent::Cancelled { reason: Reason::Overtaken });
        }
        let (now, calendar) = (self.now, self.rules.calendar);
        self.happens(chosen.id, RelanceEvent::Hurried);
        let task = self.task(chosen.id);
        let is_late = calendar.today(now) > calendar.sending_day(task.meant_for);
        task.meant_for = if is_late { calendar.today(now) } else { task.meant_for };
        (task.send_at, task.hurried_at) = (now + CATCH_UP_DELAY, Some(now));
        self.plan(PlanningTrigger::RulesChanged);
    }
}

fn is_due(task: &RelanceTask, now: OffsetDateTime) -> bool {
    task.status() == RelanceStatus::Scheduled && task.send_at <= now
}

fn step(offset_days: i32, order: i32) -> PlanStep {
    let content = StepContent {
        offset_days,
        tone: Tone::Amical,
        subject: "Facture".to_owned(),
        body: "Bonjour".to_owned(),
        requires_manual_validation: false,
    };
    let (id, lineage_id) = (PlanStepId::new(), StepLineageId::new());
    PlanStep { id, plan_id: PlanId::new(), lineage_id, order, content, retired_at: None }
}

fn task(new: &TaskToInsert, now: OffsetDateTime) -> RelanceTask {
    RelanceTask {
        id: new.id,
        organization_id: OrganizationId::new(),
        invoice_id: InvoiceId::new(),
        plan_step_id: new.step,
        send_at: new.send_at,
        meant_for: new.meant_for,
        chain: 0,
        state: match new.skipped {
            Some(reason) => RelanceState::Cancelled { reason: reason.into(), written: None },
            None => RelanceState::Scheduled { attempted: None, note: None },
        },
        counted: None,
        hurried_at: None,
        created_at: now,
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Work(i64),
    Outage(i64),
    SendingTime(usize),
    Policy(usize),
    WorksOnWeekends(bool),
    Corrected,
    Resumed,
    SentByHand(usize),
    AttemptsFail(u8),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1i64..200).prop_map(Event::Work),
        1 => (1i64..200).prop_map(Event::Outage),
        1 => (0usize..TIMES.len()).prop_map(Event::SendingTime),
        1 => (0usize..3).prop_map(Event::Policy),
        1 => any::<bool>().prop_map(Event::WorksOnWeekends),
        1 => Just(Event::Corrected),
        1 => Just(Event::Resumed),
        1 => (0usize..8).prop_map(Event::SentByHand),
        1 => (1u8..3).prop_map(Event::AttemptsFail),
    ]
}

impl Chain {
    fn live_through(&mut self, event: Event) {
        let mut trigger = PlanningTrigger::RulesChanged;
        match event {
            Event::Work(hours) => return self.work(hours),
            Event::Outage(hours) => {
                self.now += Duration::hours(hours);
                return;
            }
            Event::SentByHand(index) => return self.send_by_hand(index),
            Event::AttemptsFail(attempts) => {
                self.failures = attempts;
                return;
            }
            Event::SendingTime(index) => self.rules.calendar.sending_time = TIMES[index],
            Event::Policy(index) => self.rules.policy = CatchUpPolicy::ALL[index],
            Event::WorksOnWeekends(works) => self.rules.calendar.business_days_only = !works,
            Event::Corrected => trigger = PlanningTrigger::InvoiceChanged,
            Event::Resumed => trigger = PlanningTrigger::Resumed,
        }
        let is_of_user = trigger.catch_up() == CatchUp::AtOnce;
        self.works_on_weekends |= is_of_user || matches!(event, Event::WorksOnWeekends(true));
        self.plan(trigger);
    }
}

proptest! {
    #[test]
    fn whatever_happens_an_invoice_has_one_reminder_a_day_in_the_plans_order_and_each_step_is_explained(
        late_by in -30i64..60,
        offsets in prop::collection::btree_set(-10i32..40, 1..6),
        policy in prop::sample::select(CatchUpPolicy::ALL),
        events in prop::collection::vec(event(), 0..12),
    ) {
        let offsets: Vec<i32> = offsets.into_iter().collect();
        let mut chain = Chain::new(date!(2026 - 11 - 24) - Duration::days(late_by), &offsets, policy);
        for event in events {
            chain.live_through(event);
        }
        chain.failures = 0;
        chain.work(24 * 400);
        let open = chain.tasks.iter().find(|task| task.status() == RelanceStatus::Scheduled);
        prop_assert!(open.is_none(), "in the end every step was sent or has its reason: {open:?}");
    }

    #[test]
    fn a_settings_change_keeps_the_rows_of_reminders_that_no_worker_claimed(
        late_by in -30i64..60,
        hours in 0i64..1000,
        time in prop::sample::select(&TIMES[..]),
    ) {
        let due_date = date!(2026 - 11 - 24) - Duration::days(late_by);
        let mut chain = Chain::new(due_date, &[-3, 1, 3, 10], CatchUpPolicy::Shift);
        chain.work(hours);
        let ids = |chain: &Chain| -> Vec<RelanceTaskId> { chain.tasks.iter().map(|task| task.id).collect() };
        let before = ids(&chain);
        chain.rules.calendar.sending_time = time;
        chain.plan(PlanningTrigger::RulesChanged);
        // A step before the due date may be too late by now.
        let added: Vec<RelanceTask> = chain.tasks.split_off(before.len());
        prop_assert!(added.iter().all(|task| task.reason() == Some("day_passed")), "{added:?}");
        prop_assert_eq!(ids(&chain), before);
    }
}

#[test]
fn of_three_missed_steps_that_an_outage_held_back_together_each_has_its_day() {
    let mut chain = Chain::new(date!(2026 - 12 - 01), &[3, 10, 20], CatchUpPolicy::Immediate);
    chain.now = datetime!(2027-01-05 12:00 UTC);
    chain.work(24 * 7);
    let sent: Vec<Date> = chain.tasks.iter().filter_map(RelanceTask::sent_at).map(|at| at.date()).collect();
    assert_eq!(sent, [date!(2027 - 01 - 05), date!(2027 - 01 - 06), date!(2027 - 01 - 07)]);
}

#[test]
fn a_reminder_that_is_sent_by_hand_and_retried_keeps_the_spacing_when_settings_change() {
    // Eight days late: the first step is sent today, and the second seven days later.
    let mut chain = Chain::new(date!(2026 - 11 - 16), &[3, 10], CatchUpPolicy::Shift);
    chain.send_by_hand(0);
    chain.now += CATCH_UP_DELAY;
    chain.failures = 1;
    chain.claim(chain.tasks[0].id);
    assert_eq!(chain.tasks[0].sent_at(), None, "it is being retried");
    chain.rules.calendar.sending_time = time!(10:00);
    chain.plan(PlanningTrigger::RulesChanged);
    assert_eq!(chain.tasks[1].send_at, datetime!(2026-12-01 09:00 UTC), "and not two days after it");
    // Given up, it keeps the spacing too; sent by hand a week later, it moves the second step on.
    let failure = Reason::AttemptsExhausted.into();
    chain.happens(chain.tasks[0].id, RelanceEvent::GivenUp { failure });
    chain.plan(PlanningTrigger::RulesChanged);
    assert_eq!(chain.tasks[1].send_at, datetime!(2026-12-01 09:00 UTC));
}

#[test]
fn a_skipped_step_is_not_sent_in_place_of_the_later_one_that_a_user_takes_out() {
    let mut chain = Chain::new(date!(2026 - 10 - 27), &[3, 10, 20, 60], CatchUpPolicy::Skip);
    let scheduled = |chain: &Chain| -> Vec<i32> {
        let open = chain.tasks.iter().filter(|task| task.status() == RelanceStatus::Scheduled);
        open.map(|task| chain.offset(task)).collect()
    };
    assert_eq!(scheduled(&chain), [20, 60]);
    let taken_out = chain.tasks.iter().find(|task| task.status() == RelanceStatus::Scheduled).unwrap().id;
    chain.happens(taken_out, RelanceEvent::Cancelled { reason: Reason::CancelledByUser });
    chain.plan(PlanningTrigger::RulesChanged);
    assert_eq!(scheduled(&chain), [60]);
    // A later due date makes them punctual again.
    chain.due_date = date!(2026 - 11 - 20);
    chain.plan(PlanningTrigger::InvoiceChanged);
    assert_eq!(scheduled(&chain), [60, 10], "J+3 was skipped, and has passed");
}
