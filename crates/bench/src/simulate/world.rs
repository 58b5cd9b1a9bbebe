//! Days, calendars and habits that the simulated organizations share.

use anyhow::Result;
use rand::distr::weighted::WeightedIndex;
use rubis_accounts::CatchUpPolicy;
use rubis_kernel::{HolidayCalendar, PlanStepId, SendingCalendar, TimeZone, is_public_holiday};
use rubis_relances::{CatchUp, PlanningRules, Progress, StepToPlan, plan_dates};
use time::macros::time;
use time::{Date, Duration, Month, OffsetDateTime, Time, Weekday};

use crate::statistics::as_number;

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

/// A day, and a second of it, or any second of the office hours.
pub type Moment = (u32, Option<u32>);

/// All that does not depend on an organization. Days are counted from the first one that is looked at, some months
/// before the year: what is sent in January was invoiced in autumn.
pub struct World {
    pub habits: Habits,
    first: Date,
    pub lead: u32,
    /// All days, those before the year and its own.
    pub days: u32,
    pub calendars: WeightedIndex<f64>,
    pub rules: Vec<PlanningRules>,
    /// Share of all invoices that is issued on each day.
    pub issue_weights: Vec<f64>,
    steps: Vec<StepToPlan>,
}

impl World {
    pub fn new(mut habits: Habits) -> Result<Self> {
        let longest = habits.terms.iter().map(|(days, _)| *days).max().unwrap_or_default();
        let last_step = habits.steps.last().copied().unwrap_or_default().unsigned_abs();
        let lead = longest + LATE_DAYS + last_step + SLACK;
        let new_year = Date::from_calendar_date(habits.year, Month::January, 1)?;
        let days = lead + u32::from(time::util::days_in_year(habits.year));
        let first = new_year - Duration::days(lead.into());
        let (weights, rules) = rules(&habits)?;
        let mut issue_weights = issue_weights(first, days);
        let total: f64 = issue_weights.iter().sum();
        issue_weights.iter_mut().for_each(|weight| *weight /= total);
        let total: f64 = habits.terms.iter().map(|(_, weight)| weight).sum();
        habits.terms.iter_mut().for_each(|(_, weight)| *weight /= total);
        let steps = habits.steps.iter();
        let steps = steps.map(|days| StepToPlan { step: PlanStepId::new(), offset_days: *days }).collect();
        let calendars = WeightedIndex::new(weights)?;
        Ok(Self { habits, first, lead, days, calendars, rules, issue_weights, steps })
    }

    /// Number of days on which an invoice can be due.
    pub fn due_days(&self) -> usize {
        let longest = self.habits.terms.iter().map(|(days, _)| *days).max().unwrap_or_default();
        usize::try_from(self.days + longest + 1).unwrap_or_default()
    }

    /// Number of jobs of an invoice: one for each reminder, and one for the check-in.
    pub fn jobs(&self) -> f64 {
        as_number(self.habits.steps.len()) + 1.0
    }

    /// Dates of the check-in and of the reminders of an invoice that is created before it is due: days, and seconds of
    /// them.
    pub fn dates(&self, calendar: usize, due: u32) -> (Moment, Vec<Moment>) {
        let check_in = self.rules.get(calendar).map(|rules| rules.calendar.sending_instant(self.date(due)));
        let check_in = check_in.map_or((due, None), |instant| self.moment(instant));
        (check_in, self.plan(calendar, due, OffsetDateTime::UNIX_EPOCH))
    }

    /// Dates of the reminders of an invoice that is created late, on a day: the first is sent a minute later, at any
    /// time of the office hours.
    pub fn late_steps(&self, calendar: usize, due: u32, put_in: u32) -> Vec<Moment> {
        let noon = self.date(put_in).with_time(time!(12:00)).assume_utc();
        let mut steps = self.plan(calendar, due, noon);
        if let Some((_, second)) = steps.first_mut().filter(|(day, _)| *day == put_in) {
            *second = None;
        }
        steps
    }

    /// This day or the next on which people work.
    pub fn workday(&self, day: u32) -> u32 {
        workday(self.first, day)
    }

    pub fn date(&self, day: u32) -> Date {
        self.first + Duration::days(day.into())
    }

    /// Days of the year on which people work.
    pub fn business_days(&self) -> impl Iterator<Item = u32> {
        (self.lead..self.days).filter(|day| self.workday(*day) == *day)
    }

    /// The product's planning.
    fn plan(&self, calendar: usize, due: u32, now: OffsetDateTime) -> Vec<Moment> {
        let Some(rules) = self.rules.get(calendar) else { return Vec::new() };
        let planned = plan_dates(rules, self.date(due), &self.steps, Progress::default(), now);
        planned.into_iter().filter_map(|(_, one)| Some(self.moment(one.date()?.instant))).collect()
    }

    fn moment(&self, instant: OffsetDateTime) -> Moment {
        let since = instant - self.first.midnight().assume_utc();
        let day = u32::try_from(since.whole_days()).unwrap_or_default();
        let second = since - Duration::days(day.into());
        (day, u32::try_from(second.whole_seconds()).ok())
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
    use time::macros::date;

    use super::*;

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
        let at = |date: Date, hour: u32| (day(&world, date), Some(hour * 3_600));
        // J+20 is a Sunday, and summer time begins on 28 March.
        let steps = [
            (date!(2027 - 03 - 04), 8),
            (date!(2027 - 03 - 11), 8),
            (date!(2027 - 03 - 22), 8),
            (date!(2027 - 03 - 31), 7),
        ];
        let steps = steps.map(|(date, hour)| at(date, hour)).to_vec();
        assert_eq!(world.rules.len(), 4, "two shares make four calendars, one of which is chosen");
        assert_eq!(world.dates(3, due), (at(date!(2027 - 03 - 01), 8), steps));
    }

    #[test]
    fn an_invoice_that_is_put_in_late_catches_up() {
        let world = World::new(habits()).unwrap();
        let (due, put_in) = (day(&world, date!(2027 - 03 - 01)), day(&world, date!(2027 - 03 - 19)));
        let steps = world.late_steps(3, due, put_in);
        assert_eq!(steps[0], (put_in, None));
        let next = (day(&world, date!(2027 - 03 - 26)), Some(8 * 3_600));
        assert_eq!(steps[1], next, "the plan's spacing goes on from there");
    }
}
