use super::*;
use proptest::prelude::*;
use rubis_invoices::Reason;
use rubis_kernel::HolidayCalendar;
use time::macros::{date, datetime, time};

const STANDARD: [i32; 4] = [3, 10, 20, 30];

fn rules(policy: CatchUpPolicy) -> PlanningRules {
    let calendar = SendingCalendar {
        time_zone: "Europe/Paris".parse().unwrap(),
        sending_time: time!(09:00),
        business_days_only: true,
        holidays: HolidayCalendar::Metropolitan,
    };
    PlanningRules { calendar, policy, catch_up: CatchUp::AtOnce, awaited_answer: None }
}

fn steps(offsets: &[i32]) -> Vec<StepToPlan> {
    offsets.iter().map(|days| StepToPlan { step: PlanStepId::new(), offset_days: *days }).collect()
}

fn dates(
    rules: &PlanningRules,
    due_date: Date,
    offsets: &[i32],
    progress: Progress,
    now: OffsetDateTime,
) -> Vec<Option<OffsetDateTime>> {
    plan_dates(rules, due_date, &steps(offsets), progress, now)
        .into_iter()
        .map(|(_, planned)| match planned {
            Planned::At(date) => Some(date.instant),
            Planned::Skipped(_) => None,
        })
        .collect()
}

/// A Tuesday at noon in Paris.
const NOW: OffsetDateTime = datetime!(2026-11-24 11:00 UTC);
const IN_A_MINUTE: OffsetDateTime = datetime!(2026-11-24 11:01 UTC);
/// The progress of a chain that begins.
const NEW: Progress = Progress { anchor: None, last_day: None };

/// The progress of a chain whose last reminder was meant for one day and sent on another.
const fn sent(offset_days: i32, meant_for: Date, on: Date) -> Progress {
    Progress { anchor: Some(Anchor { offset_days, meant_for }), last_day: Some(on) }
}

#[test]
fn an_invoice_that_is_not_late_follows_its_plan_from_the_due_date() {
    let planned = dates(&rules(CatchUpPolicy::Shift), date!(2026 - 12 - 01), &STANDARD, NEW, NOW);
    assert_eq!(
        planned,
        [
            Some(datetime!(2026-12-04 08:00 UTC)),
            Some(datetime!(2026-12-11 08:00 UTC)),
            Some(datetime!(2026-12-21 08:00 UTC)),
            Some(datetime!(2026-12-31 08:00 UTC)),
        ]
    );
}

#[test]
fn a_step_before_the_due_date_leaves_before_it() {
    let planned = dates(&rules(CatchUpPolicy::Shift), date!(2026 - 12 - 11), &[-7, 3], NEW, NOW);
    assert_eq!(planned, [Some(datetime!(2026-12-04 08:00 UTC)), Some(datetime!(2026-12-14 08:00 UTC))]);
}

#[test]
fn nine_oclock_stays_nine_oclock_across_the_changes_of_the_clock() {
    // The clock goes back on 25 October and forward on 28 March.
    let autumn = dates(
        &rules(CatchUpPolicy::Shift),
        date!(2026 - 10 - 20),
        &[3, 7],
        NEW,
        datetime!(2026-10-01 08:00 UTC),
    );
    assert_eq!(autumn, [Some(datetime!(2026-10-23 07:00 UTC)), Some(datetime!(2026-10-27 08:00 UTC))]);
    let spring = dates(
        &rules(CatchUpPolicy::Shift),
        date!(2027 - 03 - 22),
        &[3, 10],
        NEW,
        datetime!(2027-03-01 08:00 UTC),
    );
    assert_eq!(spring, [Some(datetime!(2027-03-25 08:00 UTC)), Some(datetime!(2027-04-01 07:00 UTC))]);
}

#[test]
fn weekends_and_public_holidays_are_passed_over() {
    // Three days after 22 December 2026 is Christmas, a Friday before a weekend; ten are 1 January, another Friday.
    let planned = dates(&rules(CatchUpPolicy::Shift), date!(2026 - 12 - 22), &[3, 10], NEW, NOW);
    assert_eq!(planned, [Some(datetime!(2026-12-28 08:00 UTC)), Some(datetime!(2027-01-04 08:00 UTC))]);
    let mut every_day = rules(CatchUpPolicy::Shift);
    every_day.calendar.business_days_only = false;
    let planned = dates(&every_day, date!(2026 - 12 - 22), &[3, 10], NEW, NOW);
    assert_eq!(planned, [Some(datetime!(2026-12-25 08:00 UTC)), Some(datetime!(2027-01-01 08:00 UTC))]);
}

#[test]
fn good_friday_is_passed_over_in_alsace_and_moselle_alone() {
    let now = datetime!(2026-03-01 08:00 UTC);
    let metropolitan = dates(&rules(CatchUpPolicy::Shift), date!(2026 - 03 - 31), &[3], NEW, now);
    assert_eq!(metropolitan, [Some(datetime!(2026-04-03 07:00 UTC))]);
    let mut east = rules(CatchUpPolicy::Shift);
    east.calendar.holidays = HolidayCalendar::AlsaceMoselle;
    // The Monday after is Easter Monday.
    assert_eq!(dates(&east, date!(2026 - 03 - 31), &[3], NEW, now), [Some(datetime!(2026-04-07 07:00 UTC))]);
}

#[test]
fn offsets_run_over_the_ends_of_months_and_of_february() {
    let planned = dates(&rules(CatchUpPolicy::Shift), date!(2028 - 01 - 31), &[1, 30], NEW, NOW);
    // 2028 is a leap year: thirty days after 31 January is 1 March.
    assert_eq!(planned, [Some(datetime!(2028-02-01 08:00 UTC)), Some(datetime!(2028-03-01 08:00 UTC))]);
}

#[test]
fn a_step_of_today_is_missed_once_the_sending_time_has_come() {
    let due = date!(2026 - 11 - 21);
    let before = dates(&rules(CatchUpPolicy::Shift), due, &[3], NEW, datetime!(2026-11-24 07:59:59 UTC));
    assert_eq!(before, [Some(datetime!(2026-11-24 08:00 UTC))]);
    let at = dates(&rules(CatchUpPolicy::Shift), due, &[3], NEW, datetime!(2026-11-24 08:00 UTC));
    assert_eq!(at, [Some(datetime!(2026-11-24 08:01 UTC))]);
}

#[test]
fn shift_sends_the_first_missed_step_in_a_minute_and_keeps_the_spacing_after_it() {
    // Due 12 days ago: two steps are missed, and the two to come move along.
    let planned = dates(&rules(CatchUpPolicy::Shift), date!(2026 - 11 - 12), &STANDARD, NEW, NOW);
    assert_eq!(
        planned,
        [
            Some(IN_A_MINUTE),
            Some(datetime!(2026-12-01 08:00 UTC)),
            Some(datetime!(2026-12-11 08:00 UTC)),
            Some(datetime!(2026-12-21 08:00 UTC)),
        ]
    );
}

#[test]
fn immediate_sends_the_first_missed_step_in_a_minute_and_one_more_each_business_day() {
    let planned = dates(&rules(CatchUpPolicy::Immediate), date!(2026 - 11 - 12), &STANDARD, NEW, NOW);
    assert_eq!(
        planned,
        [
            Some(IN_A_MINUTE),
            Some(datetime!(2026-11-25 08:00 UTC)),
            Some(datetime!(2026-12-02 08:00 UTC)),
            Some(datetime!(2026-12-14 08:00 UTC)),
        ]
    );
    // All four are missed, and there is a weekend.
    let friday = datetime!(2026-11-27 11:00 UTC);
    let planned = dates(&rules(CatchUpPolicy::Immediate), date!(2026 - 10 - 01), &STANDARD, NEW, friday);
    assert_eq!(
        planned,
        [
            Some(datetime!(2026-11-27 11:01 UTC)),
            Some(datetime!(2026-11-30 08:00 UTC)),
            Some(datetime!(2026-12-01 08:00 UTC)),
            Some(datetime!(2026-12-02 08:00 UTC)),
        ]
    );
}

#[test]
fn skip_sends_only_the_last_missed_step() {
    let planned = dates(&rules(CatchUpPolicy::Skip), date!(2026 - 11 - 12), &STANDARD, NEW, NOW);
    assert_eq!(
        planned,
        [
            None,
            Some(IN_A_MINUTE),
            Some(datetime!(2026-12-02 08:00 UTC)),
            Some(datetime!(2026-12-14 08:00 UTC)),
        ]
    );
}

#[test]
fn planning_again_after_a_shifted_step_has_left_keeps_its_spacing() {
    let rules = rules(CatchUpPolicy::Shift);
    let due = date!(2026 - 11 - 12);
    let first = dates(&rules, due, &STANDARD, NEW, NOW);
    let progress = sent(3, date!(2026 - 11 - 24), date!(2026 - 11 - 24));
    let again = dates(&rules, due, &STANDARD[1..], progress, datetime!(2026-11-26 15:00 UTC));
    assert_eq!(again, first[1..]);
}

#[test]
fn a_step_that_left_on_monday_because_of_a_weekend_does_not_delay_the_others() {
    // Three days after 18 November is a Saturday, so the first step leaves on Monday the 23rd.
    let progress = sent(3, date!(2026 - 11 - 21), date!(2026 - 11 - 23));
    let planned = dates(&rules(CatchUpPolicy::Shift), date!(2026 - 11 - 18), &[10], progress, NOW);
    assert_eq!(planned, [Some(datetime!(2026-11-30 08:00 UTC))]);
}

#[test]
fn no_time_zone_but_the_organizations_counts() {
    let mut reunion = rules(CatchUpPolicy::Shift);
    reunion.calendar.time_zone = "Indian/Reunion".parse().unwrap();
    let planned = dates(&reunion, date!(2026 - 12 - 01), &[3], NEW, NOW);
    assert_eq!(planned, [Some(datetime!(2026-12-04 05:00 UTC))]);
}

proptest! {
    #[test]
    fn reminders_are_sent_one_a_day_and_neither_in_the_past_nor_out_of_order(
        late_by in -400i64..400,
        minutes in 0i64..100_000,
        mut offsets in prop::collection::btree_set(-60i32..200, 1..8),
        policy in prop::sample::select(CatchUpPolicy::ALL),
    ) {
        let now = NOW + Duration::minutes(minutes);
        let due = date!(2026 - 11 - 24) - Duration::days(late_by);
        let offsets: Vec<i32> = std::mem::take(&mut offsets).into_iter().collect();
        let planned: Vec<_> = dates(&rules(policy), due, &offsets, NEW, now).into_iter().flatten().collect();
        prop_assert!(planned.iter().all(|instant| *instant > now));
        let calendar = rules(policy).calendar;
        let days: Vec<Date> = planned.iter().map(|instant| calendar.today(*instant)).collect();
        prop_assert!(days.is_sorted_by(|one, next| one < next), "one a day, in the order of the plan: {planned:?}");
        let is_due_then =
            |(instant, day): (&OffsetDateTime, &Date)| calendar.sends_on(*day) || *instant == now + CATCH_UP_DELAY;
        prop_assert!(planned.iter().zip(&days).all(is_due_then), "on business days");
    }

    #[test]
    fn planning_the_same_again_gives_the_same(
        started in 0i64..14 * 24,
        late_by in -60i64..60,
        hours in 0i64..24 * 60,
    ) {
        let rules = rules(CatchUpPolicy::Shift);
        let due = date!(2026 - 11 - 24) - Duration::days(late_by);
        let now = NOW + Duration::hours(started);
        let first = plan_dates(&rules, due, &steps(&STANDARD), NEW, now);
        let first: Vec<PlannedDate> = first
            .into_iter()
            .map(|(_, planned)| match planned {
                Planned::At(date) => date,
                Planned::Skipped(_) => panic!("nothing is skipped"),
            })
            .collect();
        let later = now + Duration::hours(hours);
        let left = first.iter().filter(|date| date.instant <= later).count();
        let progress = left.checked_sub(1).map_or(NEW, |index| {
            sent(STANDARD[index], first[index].meant_for, rules.calendar.today(first[index].instant))
        });
        let again = dates(&rules, due, &STANDARD[left..], progress, later);
        let expected: Vec<_> = first[left..].iter().map(|date| Some(date.instant)).collect();
        prop_assert_eq!(again, expected);
    }
}

/// The user was asked a minute after [`NOW`], and has a day to answer.
fn asked(policy: CatchUpPolicy) -> PlanningRules {
    let until = IN_A_MINUTE + Duration::days(1);
    PlanningRules { awaited_answer: Some(AwaitedAnswer { from: IN_A_MINUTE, until }), ..rules(policy) }
}

#[test]
fn a_late_invoice_waits_for_the_answer_and_keeps_the_plans_spacing_from_there() {
    let due = date!(2026 - 11 - 10);
    let waiting = dates(&asked(CatchUpPolicy::Shift), due, &STANDARD, NEW, NOW);
    assert_eq!(waiting.first(), Some(&Some(datetime!(2026-11-25 11:01 UTC))));
    assert_eq!(waiting.get(1), Some(&Some(datetime!(2026-12-02 08:00 UTC))), "seven days after the first");
    let at_once = dates(&rules(CatchUpPolicy::Shift), due, &STANDARD, NEW, NOW);
    assert_eq!(at_once.first(), Some(&Some(IN_A_MINUTE)));
}

#[test]
fn every_policy_waits_for_the_answer() {
    let due = date!(2026 - 11 - 10);
    let until = Some(datetime!(2026-11-25 11:01 UTC));
    let next_day = Some(datetime!(2026-11-26 08:00 UTC));
    assert_eq!(dates(&asked(CatchUpPolicy::Immediate), due, &[3, 10], NEW, NOW), [until, next_day]);
    assert_eq!(dates(&asked(CatchUpPolicy::Skip), due, &[3, 10], NEW, NOW), [None, until]);
}

#[test]
fn what_leaves_before_the_question_or_after_the_wait_is_not_held() {
    let awaited =
        AwaitedAnswer { from: datetime!(2026-12-01 08:00 UTC), until: datetime!(2026-12-02 08:00 UTC) };
    let rules = PlanningRules { awaited_answer: Some(awaited), ..rules(CatchUpPolicy::Immediate) };
    let planned = dates(&rules, date!(2026 - 12 - 01), &[-4, 0, 1, 7], NEW, NOW);
    let expected = [
        datetime!(2026-11-27 08:00 UTC),
        datetime!(2026-12-02 08:00 UTC),
        datetime!(2026-12-03 08:00 UTC),
        datetime!(2026-12-08 08:00 UTC),
    ];
    assert_eq!(planned, expected.map(Some));
}

#[test]
fn a_wait_that_ends_on_a_day_off_ends_with_the_next_sending_time() {
    let friday = datetime!(2026-11-27 11:00 UTC);
    let from = friday + CATCH_UP_DELAY;
    let awaited = AwaitedAnswer { from, until: from + Duration::days(1) };
    let rules = PlanningRules { awaited_answer: Some(awaited), ..rules(CatchUpPolicy::Shift) };
    let planned = dates(&rules, date!(2026 - 11 - 10), &[3], NEW, friday);
    assert_eq!(planned, [Some(datetime!(2026-11-30 08:00 UTC))]);
}

#[test]
fn steps_that_a_weekend_brings_together_are_sent_one_a_day() {
    // One, two and three days after Friday 27 November are Saturday, Sunday and Monday.
    for &policy in CatchUpPolicy::ALL {
        let planned = dates(&rules(policy), date!(2026 - 11 - 27), &[1, 2, 3, 10], NEW, NOW);
        let expected = [
            datetime!(2026-11-30 08:00 UTC),
            datetime!(2026-12-01 08:00 UTC),
            datetime!(2026-12-02 08:00 UTC),
            datetime!(2026-12-07 08:00 UTC),
        ];
        assert_eq!(planned, expected.map(Some), "{policy:?}: the tenth day is not delayed");
        // Planned again at any time on Monday, when the first was sent, and before the second on Tuesday.
        let progress = sent(1, date!(2026 - 11 - 28), date!(2026 - 11 - 30));
        for now in [
            datetime!(2026-11-30 08:01 UTC),
            datetime!(2026-11-30 22:00 UTC),
            datetime!(2026-12-01 07:59 UTC),
        ] {
            let again = dates(&rules(policy), date!(2026 - 11 - 27), &[2, 3, 10], progress, now);
            assert_eq!(
                again,
                expected[1..].iter().copied().map(Some).collect::<Vec<_>>(),
                "{policy:?} at {now}"
            );
        }
    }
    // Control: an organization that works on weekends sends each on its day.
    let mut every_day = rules(CatchUpPolicy::Shift);
    every_day.calendar.business_days_only = false;
    let planned = dates(&every_day, date!(2026 - 11 - 27), &[1, 2, 3], NEW, NOW);
    let each_day =
        [datetime!(2026-11-28 08:00 UTC), datetime!(2026-11-29 08:00 UTC), datetime!(2026-11-30 08:00 UTC)];
    assert_eq!(planned, each_day.map(Some));
}

#[test]
fn a_missed_step_before_the_due_date_is_skipped_with_its_reason_and_delays_nothing() {
    // Due on Friday; a week before and three days before have passed, one day before has not.
    for &policy in CatchUpPolicy::ALL {
        let due = date!(2026 - 11 - 27);
        let planned = plan_dates(&rules(policy), due, &steps(&[-7, -1, 3, 10]), NEW, NOW);
        let planned: Vec<Planned> = planned.into_iter().map(|(_, planned)| planned).collect();
        assert_eq!(planned[0], Planned::Skipped(Reason::DayPassed), "{policy:?}");
        let rest: Vec<_> = planned[1..].iter().map(|planned| planned.date().unwrap().instant).collect();
        let nominal = [
            datetime!(2026-11-26 08:00 UTC),
            datetime!(2026-11-30 08:00 UTC),
            datetime!(2026-12-07 08:00 UTC),
        ];
        assert_eq!(rest, nominal, "{policy:?}");
        // Of a late invoice they do not count as the missed step that is sent.
        let late = dates(&rules(policy), date!(2026 - 11 - 20), &[-7, -1, 3, 10], NEW, NOW);
        let without = dates(&rules(policy), date!(2026 - 11 - 20), &[3, 10], NEW, NOW);
        assert_eq!((&late[..2], &late[2..]), (&[None, None][..], &without[..]), "{policy:?}");
        assert_eq!(without[0], Some(IN_A_MINUTE));
    }
}

#[test]
fn a_step_before_the_due_date_catches_up_on_its_own_day_and_is_never_sent_after_the_due_date() {
    let rules = rules(CatchUpPolicy::Shift);
    // Three days before Friday the 27th is today, two hours ago.
    assert_eq!(dates(&rules, date!(2026 - 11 - 27), &[-3], NEW, NOW), [Some(IN_A_MINUTE)]);
    // The day before Sunday the 29th is a Saturday, and Monday would be too late.
    assert_eq!(dates(&rules, date!(2026 - 11 - 29), &[-1], NEW, NOW), [None]);
    // The day before Monday the 30th is a Sunday, and Monday is early enough.
    assert_eq!(
        dates(&rules, date!(2026 - 11 - 30), &[-1], NEW, NOW),
        [Some(datetime!(2026-11-30 08:00 UTC))]
    );
}

#[test]
fn a_reminder_that_was_sent_before_the_due_date_delays_nothing() {
    let progress = sent(-3, date!(2026 - 11 - 20), date!(2026 - 11 - 20));
    // The due date is another, earlier one by now: the reminder of before delays nothing.
    let planned = dates(&rules(CatchUpPolicy::Shift), date!(2026 - 11 - 22), &[3], progress, NOW);
    assert_eq!(planned, [Some(datetime!(2026-11-25 08:00 UTC))]);
}

#[test]
fn what_happens_on_its_own_catches_up_in_business_hours_and_what_a_user_starts_at_any_hour() {
    let due = date!(2026 - 11 - 12);
    let saturday = datetime!(2026-11-28 20:00 UTC);
    let night = datetime!(2026-11-24 02:00 UTC);
    let evening = datetime!(2026-11-24 20:00 UTC);
    for (now, on_its_own) in [
        (saturday, datetime!(2026-11-30 08:00 UTC)),
        (night, datetime!(2026-11-24 08:00 UTC)),
        (evening, evening + CATCH_UP_DELAY),
    ] {
        for &policy in CatchUpPolicy::ALL {
            let at_once = rules(policy);
            let own = PlanningRules { catch_up: CatchUp::InBusinessHours, ..at_once };
            assert_eq!(dates(&at_once, due, &[3], NEW, now), [Some(now + CATCH_UP_DELAY)], "{policy:?}");
            assert_eq!(dates(&own, due, &[3], NEW, now), [Some(on_its_own)], "{policy:?}");
        }
    }
}

#[test]
fn a_wait_that_ends_at_night_ends_with_the_next_sending_time_whoever_planned() {
    let evening = datetime!(2026-11-24 01:00 UTC);
    let from = evening + CATCH_UP_DELAY;
    let awaited = AwaitedAnswer { from, until: from + Duration::days(1) };
    let rules = PlanningRules { awaited_answer: Some(awaited), ..rules(CatchUpPolicy::Shift) };
    let planned = dates(&rules, date!(2026 - 11 - 10), &[3], NEW, evening);
    assert_eq!(planned, [Some(datetime!(2026-11-25 08:00 UTC))]);
}
