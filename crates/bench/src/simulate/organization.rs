//! One organization: its invoices, and what becomes of each.

use rand::Rng as _;
use rand::distr::Distribution as _;
use rand::rngs::StdRng;

use super::world::{InvoiceDates, LATE_DAYS, World};
use super::year::{SECONDS_A_DAY, Year, day_of};

/// Office hours in which people create invoices and approve notices, in UTC.
const OFFICE_OPENS: u32 = 8 * 3_600;
const OFFICE_HOURS: u32 = 9 * 3_600;

/// Lets an organization live through all days with so many invoices.
pub fn live(world: &World, invoices: u64, chance: &mut StdRng, year: &mut Year) {
    let calendar = world.calendars.sample(chance);
    let mut follower = Follower { world, chance, year, asked: Vec::new() };
    for _ in 0..invoices {
        let issued = u32::try_from(world.issue_days.sample(follower.chance)).unwrap_or_default();
        let terms = world.habits.terms.get(world.terms.sample(follower.chance)).map_or(0, |(days, _)| *days);
        let due = issued + terms;
        if world.habits.late > 0.0 && follower.chance.random_bool(world.habits.late) {
            follower.put_in_late(calendar, due);
        } else {
            follower.put_in(calendar, issued, due);
        }
    }
}

/// Follows an invoice.
struct Follower<'a> {
    world: &'a World,
    chance: &'a mut StdRng,
    year: &'a mut Year,
    /// By day, true if a mail of that morning asks already.
    asked: Vec<bool>,
}

impl Follower<'_> {
    fn put_in(&mut self, calendar: usize, issued: u32, due: u32) {
        let world = self.world;
        let Some(dates) = world.dates(calendar, due) else { return };
        self.year.put_in(issued, jobs(dates));
        if self.chance.random_bool(world.habits.paid_early) {
            let day = issued + self.chance.random_range(0..(due - issued).max(1));
            return self.year.paid(day, jobs(dates));
        }
        let is_mailed = self.is_first(day_of(dates.check_in));
        self.year.check_in(dates.check_in, is_mailed);
        self.chase(dates);
    }

    fn put_in_late(&mut self, calendar: usize, due: u32) {
        let day = self.world.workday(due + 1 + self.chance.random_range(0..LATE_DAYS));
        let put_in = self.within_office_hours(day);
        let Some(dates) = self.world.late_dates(calendar, due, put_in) else { return };
        self.year.put_in(day, jobs(&dates));
        self.year.check_in(dates.check_in, true);
        self.chase(&dates);
    }

    /// All reminders, until it is paid.
    fn chase(&mut self, dates: &InvoiceDates) {
        let world = self.world;
        let mut left = u32::try_from(dates.steps.len()).unwrap_or_default();
        let mut before = day_of(dates.check_in);
        for (second, paid) in dates.steps.iter().zip(&world.habits.paid) {
            let day = day_of(*second);
            if self.chance.random_bool(*paid) {
                let paid_on = before + self.chance.random_range(0..=day.saturating_sub(before));
                return self.year.paid(paid_on, left);
            }
            left -= 1;
            before = day;
            if left > 0 {
                self.year.reminder(*second);
                continue;
            }
            self.year.draft(*second);
            if self.chance.random_bool(world.habits.approved) {
                // The next morning, or the one after it.
                let approved_on = world.workday(day + 1 + self.chance.random_range(0..2));
                let approved = self.within_office_hours(approved_on);
                self.year.notice(approved);
            }
        }
    }

    /// Returns true if nothing else was asked on this day before.
    fn is_first(&mut self, day: u32) -> bool {
        let day = usize::try_from(day).unwrap_or_default();
        if self.asked.len() <= day {
            self.asked.resize(day + 1, false);
        }
        self.asked.get_mut(day).is_some_and(|asked| !std::mem::replace(asked, true))
    }

    fn within_office_hours(&mut self, day: u32) -> i64 {
        let second = OFFICE_OPENS + self.chance.random_range(0..OFFICE_HOURS);
        i64::from(day) * i64::from(SECONDS_A_DAY) + i64::from(second)
    }
}

/// A job for each reminder, and one for the question.
fn jobs(dates: &InvoiceDates) -> u32 {
    u32::try_from(dates.steps.len()).unwrap_or_default() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::chance;
    use crate::simulate::world::Habits;
    use crate::simulate::world::tests::{day, habits};
    use crate::simulate::year::Totals;
    use time::macros::date;

    /// One invoice, issued on 30 January 2027 and due on 1 March.
    fn followed(habits: Habits) -> (World, Year) {
        let world = World::new(habits).unwrap();
        let mut year = Year::new(&world);
        let (issued, due) = (day(&world, date!(2027 - 01 - 30)), day(&world, date!(2027 - 03 - 01)));
        let mut chance = chance(1, 1);
        let calendar = world.calendars.sample(&mut chance);
        let mut follower =
            Follower { world: &world, chance: &mut chance, year: &mut year, asked: Vec::new() };
        follower.put_in(calendar, issued, due);
        (world, year)
    }

    fn waiting(world: &World, year: &Year, date: time::Date) -> i64 {
        year.rows_waiting()[usize::try_from(day(world, date) - world.lead).unwrap()]
    }

    #[test]
    fn an_invoice_that_nobody_pays_has_all_its_mails() {
        let (world, year) = followed(habits());
        let totals =
            Totals { invoices: 1, reminders: 3, drafts: 1, notices: 1, check_ins: 1, digests: 1, paid: 0 };
        assert_eq!(year.totals, totals);
        assert_eq!(year.mails.by_minute().sum::<u64>(), 5);
        assert_eq!(year.jobs.by_minute().sum::<u64>(), 6);
        // The question, the three reminders; the draft on 31 March ends the last.
        let dates =
            [date!(2027 - 02 - 28), date!(2027 - 03 - 01), date!(2027 - 03 - 22), date!(2027 - 03 - 31)];
        assert_eq!(dates.map(|date| waiting(&world, &year, date)), [5, 4, 1, 0]);
    }

    #[test]
    fn an_invoice_that_is_paid_before_it_is_due_has_none() {
        let (world, year) = followed(Habits { paid_early: 1.0, ..habits() });
        assert_eq!(year.totals, Totals { invoices: 1, paid: 1, ..Totals::default() });
        assert_eq!(waiting(&world, &year, date!(2027 - 03 - 01)), 0);
    }

    #[test]
    fn an_invoice_that_is_paid_between_two_reminders_has_the_first() {
        let (world, year) = followed(Habits { paid: vec![0.0, 1.0, 0.0, 0.0], ..habits() });
        let totals =
            Totals { invoices: 1, paid: 1, reminders: 1, check_ins: 1, digests: 1, ..Totals::default() };
        assert_eq!(year.totals, totals);
        assert_eq!(waiting(&world, &year, date!(2027 - 03 - 04)), 3);
        assert_eq!(waiting(&world, &year, date!(2027 - 03 - 11)), 0);
    }

    #[test]
    fn an_organization_is_asked_once_a_morning() {
        let world = World::new(habits()).unwrap();
        let mut year = Year::new(&world);
        live(&world, 10_000, &mut chance(1, 1), &mut year);
        assert!(year.totals.check_ins > 5_000, "{:?}", year.totals);
        assert!(
            year.totals.digests <= u64::try_from(world.business_days().count()).unwrap(),
            "{:?}",
            year.totals
        );
    }

    #[test]
    fn what_is_put_in_late_is_chased_at_once() {
        let world = World::new(Habits { late: 1.0, ..habits() }).unwrap();
        let mut year = Year::new(&world);
        live(&world, 1_000, &mut chance(1, 1), &mut year);
        let asked: u64 = year.mails.scattered.iter().map(|count| u64::from(*count)).sum();
        assert!(asked > year.totals.invoices, "{asked} mails at odd seconds, {:?}", year.totals);
    }
}
