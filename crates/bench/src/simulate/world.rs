//! Days, calendars and habits that the simulated organizations share.

use anyhow::Result;
use rand::distr::weighted::WeightedIndex;
use rubis_accounts::CatchUpPolicy;
use rubis_kernel::{HolidayCalendar, PlanStepId, SendingCalendar, TimeZone, is_public_holiday};
use rubis_relances::{CatchUp, PlanningRules, Progress, StepToPlan, plan_dates};
use time::macros::time;
use time::{Date, Duration, Month, OffsetDateTime, Time, Weekday};

/// The most days that an invoice is late when it is put in late.
pub const LATE_DAYS: u32 = 45;

/// Days by which weekends and public holidays, and people who approve, can put something off.
const SLACK: u32 = 15;

/// Weight of each of the last business days of a month, their number, and the weight of August.
const MONTH_END_WEIGHT: f64 = 3.0;
const MONTH_END_DAYS: u32 = 3;
const AUGUST_WEIGHT: f64 = 0.6;

/// Settings and habits of the organizations; shares are between 0 and 1, weights any.
#[derive(Clone, Debug)]
pub struct Habits {
    pub year: i32,
    /// Sending times, each with its weight.
    pub sending_times: Vec<(Time, f64)>,
    pub time_zones: Vec<(&'static str, f64)>,
    /// Share of organizations that send on weekends and holidays too.
    pub every_day: f64,
    /// Share of organizations with the holidays of Alsace and Moselle.
    pub alsace_moselle: f64,
    /// Days from the due date at which reminders are sent; the last is a formal notice that a person approves.
    pub steps: Vec<i32>,
    /// Days to pay, each with its weight.
    pub terms: Vec<(u32, f64)>,
    /// Share of invoices that are paid, and marked so, before they are due.
    pub paid_early: f64,
    /// Shares of the invoices still open that are paid before the first reminder, before the second one, …
    pub paid: Vec<f64>,
    /// Share of formal notices that are approved.
    pub approved: f64,
    /// Share of invoices that are created when they are overdue already.
    pub late: f64,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            year: 2027,
            sending_times: vec![
                (time!(9:00), 85.0),
                (time!(8:00), 5.0),
                (time!(8:30), 3.0),
                (time!(10:00), 5.0),
                (time!(14:00), 2.0),
            ],
            time_zones: vec![("Europe/Paris", 97.0), ("Indian/Reunion", 1.5), ("America/Martinique", 1.5)],
            every_day: 0.05,
            alsace_moselle: 0.04,
            steps: vec![3, 10, 20, 30],
            terms: vec![(0, 10.0), (15, 10.0), (30, 45.0), (45, 20.0), (60, 15.0)],
            paid_early: 0.45,
            paid: vec![0.25, 0.4, 0.35, 0.3],
            approved: 0.5,
            late: 0.03,
        }
    }
}

/// Dates of an invoice, in seconds since the first day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceDates {
    pub check_in: i64,
    pub steps: Vec<i64>,
}

/// All that does not depend on an organization. Days are counted from the first one that is looked at, some
/// months before the year: what leaves in January was invoiced in autumn.
pub struct World {
    pub habits: Habits,
    pub first: Date,
    pub lead: u32,
    /// All days, those before the year and its own.
    pub days: u32,
    pub calendars: WeightedIndex<f64>,
    /// The day on which an invoice is issued.
    pub issue_days: WeightedIndex<f64>,
    pub terms: WeightedIndex<f64>,
    steps: Vec<StepToPlan>,
    rules: Vec<PlanningRules>,
    dates: Vec<Vec<InvoiceDates>>,
    /// For each day itself or the next on which people work.
    workdays: Vec<u32>,
}

impl World {
    /// Plans an invoice of each due date by each calendar, as the product plans it.
    pub fn new(habits: Habits) -> Result<Self> {
        let longest = habits.terms.iter().map(|(days, _)| *days).max().unwrap_or_default();
        let last_step = habits.steps.last().copied().unwrap_or_default().unsigned_abs();
        let lead = longest + LATE_DAYS + last_step + SLACK;
        let new_year = Date::from_calendar_date(habits.year, Month::January, 1)?;
        let days = lead + u32::from(time::util::days_in_year(habits.year));
        let first = new_year - Duration::days(lead.into());

        let (weights, rules) = rules(&habits)?;
        let steps: Vec<StepToPlan> = habits
            .steps
            .iter()
            .map(|offset_days| StepToPlan { step: PlanStepId::new(), offset_days: *offset_days })
            .collect();
        let mut world = Self {
            first,
            lead,
            days,
            calendars: WeightedIndex::new(weights)?,
            issue_days: WeightedIndex::new(issue_weights(first, days))?,
            terms: WeightedIndex::new(habits.terms.iter().map(|(_, weight)| weight))?,
            steps,
            rules,
            dates: Vec::new(),
            workdays: (0..days + SLACK + LATE_DAYS + longest).map(|day| workday(first, day)).collect(),
            habits,
        };
        let due_days = 0..days + longest;
        world.dates = world
            .rules
            .iter()
            .map(|rules| due_days.clone().map(|due| world.dates_of(rules, due)).collect())
            .collect();
        Ok(world)
    }

    /// Dates of an invoice that is created before it is due.
    pub fn dates(&self, calendar: usize, due: u32) -> Option<&InvoiceDates> {
        self.dates.get(calendar)?.get(usize::try_from(due).ok()?)
    }

    /// Dates of an invoice that is created late: its check-in is sent at once.
    pub fn late_dates(&self, calendar: usize, due: u32, put_in: i64) -> Option<InvoiceDates> {
        let rules = self.rules.get(calendar)?;
        let now = self.instant(put_in);
        let catch_up = rubis_relances::CATCH_UP_DELAY.whole_seconds();
        Some(InvoiceDates { check_in: put_in + catch_up, steps: self.plan(rules, due, now) })
    }

    /// This day or the next on which people work.
    pub fn workday(&self, day: u32) -> u32 {
        usize::try_from(day).ok().and_then(|day| self.workdays.get(day)).copied().unwrap_or(day)
    }

    /// The date of a day.
    pub fn date(&self, day: u32) -> Date {
        self.first + Duration::days(day.into())
    }

    /// Days of the year on which people work.
    pub fn business_days(&self) -> impl Iterator<Item = u32> {
        (self.lead..self.days).filter(|day| self.workday(*day) == *day)
    }

    fn dates_of(&self, rules: &PlanningRules, due: u32) -> InvoiceDates {
        let check_in = self.seconds(rules.calendar.sending_instant(self.date(due)));
        InvoiceDates { check_in, steps: self.plan(rules, due, OffsetDateTime::UNIX_EPOCH) }
    }

    /// The product's planning.
    fn plan(&self, rules: &PlanningRules, due: u32, now: OffsetDateTime) -> Vec<i64> {
        plan_dates(rules, self.date(due), &self.steps, Progress::default(), now)
            .into_iter()
            .filter_map(|(_, planned)| planned.date())
            .map(|date| self.seconds(date.instant))
            .collect()
    }

    fn seconds(&self, instant: OffsetDateTime) -> i64 {
        (instant - self.instant(0)).whole_seconds()
    }

    fn instant(&self, seconds: i64) -> OffsetDateTime {
        self.first.midnight().assume_utc() + Duration::seconds(seconds)
    }
}

/// The weights of the combinations of settings that an organization can have, and their rules.
fn rules(habits: &Habits) -> Result<(Vec<f64>, Vec<PlanningRules>)> {
    let either = |share: f64| [(true, share), (false, 1.0 - share)];
    let (mut weights, mut rules) = (Vec::new(), Vec::new());
    for &(sending_time, of_time) in &habits.sending_times {
        for (time_zone, of_zone) in &habits.time_zones {
            let time_zone: TimeZone = time_zone.parse()?;
            for (every_day, of_days) in either(habits.every_day) {
                for (alsace_moselle, of_holidays) in either(habits.alsace_moselle) {
                    weights.push(of_time * of_zone * of_days * of_holidays);
                    let holidays = match alsace_moselle {
                        true => HolidayCalendar::AlsaceMoselle,
                        false => HolidayCalendar::Metropolitan,
                    };
                    let business_days_only = !every_day;
                    let calendar = SendingCalendar { time_zone, sending_time, business_days_only, holidays };
                    let (policy, catch_up) = (CatchUpPolicy::default(), CatchUp::AtOnce);
                    rules.push(PlanningRules { calendar, policy, catch_up, awaited_answer: None });
                }
            }
        }
    }
    Ok((weights, rules))
}

/// This day or the next on which people work.
fn workday(first: Date, day: u32) -> u32 {
    let is_free = |day: u32| {
        let date = first + Duration::days(day.into());
        matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
            || is_public_holiday(date, HolidayCalendar::Metropolitan)
    };
    (day..).find(|day| !is_free(*day)).unwrap_or(day)
}

/// Relative number of invoices that are issued on each day.
fn issue_weights(first: Date, days: u32) -> Vec<f64> {
    (0..days)
        .map(|day| {
            if workday(first, day) != day {
                return 0.0;
            }
            let date = first + Duration::days(day.into());
            let end = (day..days + 31)
                .find(|later| (first + Duration::days((*later).into())).month() != date.month())
                .unwrap_or(day);
            let business_days_left = (day..end).filter(|later| workday(first, *later) == *later).count();
            let is_end = u32::try_from(business_days_left).is_ok_and(|left| left <= MONTH_END_DAYS);
            let of_month = if date.month() == Month::August { AUGUST_WEIGHT } else { 1.0 };
            of_month * if is_end { MONTH_END_WEIGHT } else { 1.0 }
        })
        .collect()
}

#[cfg(test)]
pub mod tests {
    use rand::distr::Distribution as _;
    use time::macros::date;

    use super::*;
    use crate::simulate::chance;

    /// All in Paris at 09:00, thirty days to pay.
    pub fn habits() -> Habits {
        Habits {
            sending_times: vec![(time!(9:00), 1.0)],
            time_zones: vec![("Europe/Paris", 1.0)],
            every_day: 0.0,
            alsace_moselle: 0.0,
            terms: vec![(30, 1.0)],
            paid_early: 0.0,
            paid: vec![0.0; 4],
            approved: 1.0,
            late: 0.0,
            ..Habits::default()
        }
    }

    /// The day of a date.
    pub fn day(world: &World, date: Date) -> u32 {
        u32::try_from((date - world.first).whole_days()).unwrap()
    }

    #[test]
    fn the_year_has_the_business_days_of_france() {
        // 365 days, 104 of them on weekends; of the eleven holidays 1 May, 8 May, 15 August and 25 December
        // fall on weekends.
        assert_eq!(World::new(habits()).unwrap().business_days().count(), 365 - 104 - 7);
    }

    #[test]
    fn invoices_are_issued_on_workdays_and_most_of_all_at_the_end_of_the_month() {
        let weights = issue_weights(date!(2027 - 01 - 25), 12);
        // Monday the 25th to Friday the 29th, the weekend of the month's end, and the next week.
        assert_eq!(weights, [1.0, 1.0, 3.0, 3.0, 3.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(issue_weights(date!(2027 - 08 - 03), 1), [AUGUST_WEIGHT]);
    }

    #[test]
    fn dates_are_those_of_the_products_planning() {
        let world = World::new(habits()).unwrap();
        let due = day(&world, date!(2027 - 03 - 01));
        let dates = world.dates(world.calendars.sample(&mut chance(1, 1)), due);
        let at = |date: Date, hour: i64| i64::from(day(&world, date)) * 86_400 + hour * 3_600;
        // J+20 is a Sunday, and summer time begins on 28 March.
        let steps = [
            (date!(2027 - 03 - 04), 8),
            (date!(2027 - 03 - 11), 8),
            (date!(2027 - 03 - 22), 8),
            (date!(2027 - 03 - 31), 7),
        ];
        let steps = steps.map(|(date, hour)| at(date, hour)).to_vec();
        assert!(
            world.rules.len() == 4,
            "two shares that are 0 or 1 make four calendars, one of which is chosen"
        );
        assert_eq!(dates, Some(&InvoiceDates { check_in: at(date!(2027 - 03 - 01), 8), steps }));
    }

    #[test]
    fn an_invoice_that_is_put_in_late_catches_up() {
        let world = World::new(habits()).unwrap();
        let (due, put_in) = (day(&world, date!(2027 - 03 - 01)), day(&world, date!(2027 - 03 - 19)));
        let put_in = i64::from(put_in) * 86_400 + 10 * 3_600;
        let dates = world.late_dates(3, due, put_in).unwrap();
        assert_eq!(dates.check_in, put_in + 60);
        assert_eq!(dates.steps[0], put_in + 60);
        let next = i64::from(day(&world, date!(2027 - 03 - 26))) * 86_400 + 8 * 3_600;
        assert_eq!(dates.steps[1], next, "the plan's spacing goes on from there");
    }
}
