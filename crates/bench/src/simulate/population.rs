//! The organizations, and the course of their invoices.

use rand::distr::Distribution as _;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::world::{LATE_DAYS, Moment, World};
use super::year::Year;
use crate::statistics::as_number;

/// Deviation of the logarithm of the sizes of organizations.
const SPREAD: f64 = 1.5;

/// Days of lateness that are planned together.
const LATE_STEP: usize = 4;

/// Shares of all invoices that the organizations have, by calendar.
pub struct Population(Vec<Vec<f64>>);

impl Population {
    pub fn new(world: &World, organizations: u32, seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let mut all = vec![Vec::new(); world.rules.len()];
        for _ in 0..organizations {
            // A number of the normal distribution around 0 with deviation 1 (Box and Muller).
            let radius = (-2.0 * (1.0 - chance.random::<f64>()).ln()).sqrt();
            let normal = radius * (std::f64::consts::TAU * chance.random::<f64>()).cos();
            if let Some(shares) = all.get_mut(world.calendars.sample(&mut chance)) {
                shares.push((SPREAD * normal).exp());
            }
        }
        let total: f64 = all.iter().flatten().sum();
        all.iter_mut().flatten().for_each(|share| *share /= total);
        Self(all)
    }
}

/// Lets all organizations live through all days with so many invoices.
pub fn live(world: &World, population: &Population, invoices: f64) -> Year {
    let mut year = Year::new(world);
    for (calendar, shares) in population.0.iter().enumerate() {
        let of_calendar = invoices * shares.iter().sum::<f64>();
        if of_calendar == 0.0 {
            continue;
        }
        let mut due = vec![0.0; world.due_days()];
        for (issued, weight) in (0..).zip(&world.issue_weights) {
            for (terms, share) in &world.habits.terms {
                let count = of_calendar * weight * share;
                year.put_in(issued, count * (1.0 - world.habits.late), world.jobs());
                let paid = count * (1.0 - world.habits.late) * world.habits.paid_early;
                year.paid(issued..(issued + terms).max(issued + 1), paid, world.jobs());
                if let Some(due) = usize::try_from(issued + terms).ok().and_then(|day| due.get_mut(day)) {
                    *due += count;
                }
            }
        }
        for (due, count) in (0..).zip(due) {
            let in_time = count * (1.0 - world.habits.late) * (1.0 - world.habits.paid_early);
            let (check_in, steps) = world.dates(calendar, due);
            // An organization gets one mail about all of its check-ins of a morning.
            let chance = in_time / of_calendar;
            let mails = shares.iter().map(|share| 1.0 - (1.0 - chance).powf(share * invoices)).sum();
            year.check_in(check_in, in_time, mails);
            chase(world, &mut year, in_time, check_in.0, &steps);
            put_in_late(world, &mut year, calendar, due, count * world.habits.late);
        }
    }
    year
}

/// Invoices that are created overdue, some time later: their check-ins and first reminders are sent at once.
fn put_in_late(world: &World, year: &mut Year, calendar: usize, due: u32, count: f64) {
    if count == 0.0 {
        return;
    }
    let days = || (1..=LATE_DAYS).step_by(LATE_STEP);
    for later in days() {
        let (day, count) = (world.workday(due + later), count / as_number(days().count()));
        year.put_in(day, count, world.jobs());
        year.check_in_at_once(day, count);
        chase(world, year, count, day, &world.late_steps(calendar, due, day));
    }
}

/// All reminders of invoices, until they are paid.
fn chase(world: &World, year: &mut Year, mut open: f64, mut before: u32, steps: &[Moment]) {
    let mut left = world.jobs() - 1.0;
    for (step, share) in steps.iter().zip(&world.habits.paid) {
        let day = step.0.max(before);
        year.paid(before..day + 1, open * share, left);
        open *= 1.0 - share;
        left -= 1.0;
        before = day;
        if left > 0.0 {
            year.reminder(*step, open);
        } else {
            year.draft(*step, open);
            // The next morning, or the one after it.
            for later in [1, 2] {
                year.notice(world.workday(day + later), open * world.habits.approved / 2.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::simulate::world::Habits;
    use crate::simulate::world::tests::{day, habits};
    use crate::simulate::year::Totals;

    /// One invoice, issued on 30 January 2027 and due on 1 March.
    fn followed(habits: Habits) -> (World, Year) {
        let mut world = World::new(habits).unwrap();
        let issued = usize::try_from(day(&world, date!(2027 - 01 - 30))).unwrap();
        for (day, weight) in world.issue_weights.iter_mut().enumerate() {
            *weight = f64::from(u8::from(day == issued));
        }
        let year = live(&world, &Population::new(&world, 1, 1), 1.0);
        (world, year)
    }

    fn waiting(world: &World, year: &Year, date: time::Date) -> f64 {
        year.rows_waiting()[usize::try_from(day(world, date) - world.lead).unwrap()]
    }

    #[test]
    fn an_invoice_that_is_not_paid_has_all_its_mails() {
        let (world, year) = followed(habits());
        let totals = Totals {
            invoices: 1.0,
            reminders: 3.0,
            drafts: 1.0,
            notices: 1.0,
            check_ins: 1.0,
            digests: 1.0,
            ..Totals::default()
        };
        assert_eq!(year.totals, totals);
        assert!((year.mails.by_minute().iter().sum::<f64>() - 5.0).abs() < 1e-9);
        assert!((year.jobs.by_minute().iter().sum::<f64>() - 6.0).abs() < 1e-9);
        // The question, the three reminders; the draft on 31 March ends the last.
        let dates =
            [date!(2027 - 02 - 28), date!(2027 - 03 - 01), date!(2027 - 03 - 22), date!(2027 - 03 - 31)];
        assert_eq!(dates.map(|date| waiting(&world, &year, date)), [5.0, 4.0, 1.0, 0.0]);
    }

    #[test]
    fn an_invoice_that_is_paid_before_it_is_due_has_none() {
        let (world, year) = followed(Habits { paid_early: 1.0, ..habits() });
        let Totals { invoices, paid, reminders, check_ins, .. } = year.totals;
        assert_eq!((invoices, reminders, check_ins), (1.0, 0.0, 0.0));
        assert!((paid - 1.0).abs() < 1e-9);
        assert!(waiting(&world, &year, date!(2027 - 03 - 01)).abs() < 1e-9);
    }

    #[test]
    fn an_invoice_that_is_paid_between_two_reminders_has_the_first() {
        let (world, year) = followed(Habits { paid: vec![0.0, 1.0, 0.0, 0.0], ..habits() });
        let Totals { paid, reminders, check_ins, digests, drafts, .. } = year.totals;
        assert_eq!((reminders, check_ins, digests, drafts), (1.0, 1.0, 1.0, 0.0));
        assert!((paid - 1.0).abs() < 1e-9);
        assert_eq!(waiting(&world, &year, date!(2027 - 03 - 03)), 4.0);
        assert!(waiting(&world, &year, date!(2027 - 03 - 11)).abs() < 1e-9);
    }

    #[test]
    fn an_organization_is_asked_once_a_morning() {
        let world = World::new(habits()).unwrap();
        let year = live(&world, &Population::new(&world, 1, 1), 10_000.0);
        assert!(year.totals.check_ins > 5_000.0, "{:?}", year.totals);
        assert!(year.totals.digests <= 365.0, "{:?}", year.totals);
    }

    #[test]
    fn what_is_put_in_late_is_chased_at_once() {
        let world = World::new(Habits { late: 1.0, ..habits() }).unwrap();
        let year = live(&world, &Population::new(&world, 1, 1), 1_000.0);
        let at_odd_seconds: f64 = year.mails.office.iter().sum();
        assert!(at_odd_seconds > year.totals.invoices, "{at_odd_seconds} mails, {:?}", year.totals);
    }

    #[test]
    fn sizes_have_a_heavy_tail_and_are_whole_together() {
        let world = World::new(habits()).unwrap();
        let shares = |seed| {
            let mut shares: Vec<f64> = Population::new(&world, 10_000, seed).0.concat();
            shares.sort_unstable_by(|a, b| b.total_cmp(a));
            shares
        };
        assert_eq!(shares(1), shares(1));
        assert_ne!(shares(1), shares(2));
        assert!((shares(1).iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let largest: f64 = shares(1).iter().take(100).sum();
        assert!((0.1..0.4).contains(&largest), "one of a hundred has {largest} of all");
    }
}
