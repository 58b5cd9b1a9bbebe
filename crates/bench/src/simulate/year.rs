//! The events of a year, counted by the minute and by the day.

use std::ops::Range;

use super::world::{Moment, World};

const MINUTES_A_DAY: u32 = 24 * 60;

/// Minutes of a day in which people create invoices and approve notices, in UTC.
const OFFICE: Range<usize> = 8 * 60..17 * 60;

/// Counts by the minute of the year. What is planned is due at a whole minute; what people set off is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Minutes {
    /// Due in the first second of each minute.
    pub punctual: Vec<f64>,
    /// Due on each day, at any second of the office hours.
    pub office: Vec<f64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    pub invoices: f64,
    pub paid: f64,
    pub reminders: f64,
    pub drafts: f64,
    pub notices: f64,
    pub check_ins: f64,
    /// Mails that asked them: one for all of an organization and a morning, unless they were created overdue.
    pub digests: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Year {
    pub mails: Minutes,
    pub jobs: Minutes,
    /// Change of the number of waiting job rows on each day, from the first day of all.
    waiting: Vec<f64>,
    pub totals: Totals,
    lead: u32,
}

impl Minutes {
    fn of(days: u32) -> Self {
        Self { punctual: vec![0.0; length(days * MINUTES_A_DAY)], office: vec![0.0; length(days)] }
    }

    pub fn by_minute(&self) -> Vec<f64> {
        let mut minutes = self.punctual.clone();
        for (day, count) in minutes.chunks_mut(length(MINUTES_A_DAY)).zip(&self.office) {
            let each = count / in_office_hours();
            day.iter_mut().skip(OFFICE.start).take(OFFICE.len()).for_each(|minute| *minute += each);
        }
        minutes
    }

    pub fn by_day(&self) -> Vec<f64> {
        let days = self.punctual.chunks(length(MINUTES_A_DAY)).zip(&self.office);
        days.map(|(minutes, office)| minutes.iter().sum::<f64>() + office).collect()
    }

    pub fn busiest_minute(&self) -> f64 {
        most(self.by_minute())
    }

    pub fn busiest_second(&self) -> f64 {
        most(self.punctual.iter().copied())
    }

    /// The most that were due at an instant, or are within so many minutes of it.
    pub fn most_within(&self, minutes: usize) -> f64 {
        // All of these minutes, and the first second of the next.
        let counts = self.by_minute();
        let after = self.punctual.iter().skip(minutes).copied().chain(std::iter::repeat(0.0));
        most(counts.windows(minutes).zip(after).map(|(window, after)| window.iter().sum::<f64>() + after))
    }

    /// Counts of each second of a day of the year.
    pub fn seconds_of(&self, day: usize) -> Vec<f64> {
        let minutes = length(MINUTES_A_DAY);
        let each = self.office.get(day).copied().unwrap_or_default() / in_office_hours() / 60.0;
        let punctual = self.punctual.iter().skip(day * minutes).take(minutes).enumerate();
        punctual
            .flat_map(|(minute, punctual)| {
                let each = if OFFICE.contains(&minute) { each } else { 0.0 };
                std::iter::once(punctual + each).chain([each; 59])
            })
            .collect()
    }
}

impl Year {
    /// One in which nothing has happened.
    pub fn new(world: &World) -> Self {
        let days = world.days - world.lead;
        let waiting = vec![0.0; length(world.days)];
        let (mails, jobs) = (Minutes::of(days), Minutes::of(days));
        Self { mails, jobs, waiting, totals: Totals::default(), lead: world.lead }
    }

    /// Invoices are created, each with so many jobs.
    pub fn put_in(&mut self, day: u32, count: f64, jobs: f64) {
        self.totals.invoices += self.within(day, count);
        self.wait(day, count * jobs);
    }

    /// Invoices are paid on some of these days: so many jobs of each are taken back.
    pub fn paid(&mut self, days: Range<u32>, count: f64, jobs: f64) {
        let each = count / f64::from(days.end - days.start);
        for day in days {
            self.totals.paid += self.within(day, each);
            self.wait(day, -each * jobs);
        }
    }

    /// Users are asked at a date if invoices were paid, by so many mails.
    pub fn check_in(&mut self, at: Moment, count: f64, mails: f64) {
        self.totals.check_ins += self.run(at, count, 0.0);
        self.totals.digests += self.run(at, 0.0, mails);
        self.wait(at.0, -count);
    }

    /// Users are asked about invoices that they have just created overdue.
    pub fn check_in_at_once(&mut self, day: u32, count: f64) {
        let within = self.run((day, None), count, count);
        self.totals.check_ins += within;
        self.totals.digests += within;
        self.wait(day, -count);
    }

    pub fn reminder(&mut self, at: Moment, count: f64) {
        self.totals.reminders += self.run(at, count, count);
        self.wait(at.0, -count);
    }

    /// Formal notices are drafted for a person to approve.
    pub fn draft(&mut self, at: Moment, count: f64) {
        self.totals.drafts += self.run(at, count, 0.0);
        self.wait(at.0, -count);
    }

    /// Formal notices are sent, at once when they are approved.
    pub fn notice(&mut self, day: u32, count: f64) {
        self.totals.notices += self.run((day, None), count, count);
    }

    /// Number of job rows that wait at the end of each day of the year.
    pub fn rows_waiting(&self) -> Vec<f64> {
        let mut sum = 0.0;
        let sums = self.waiting.iter().map(|change| {
            sum += change;
            sum
        });
        sums.skip(length(self.lead)).collect()
    }

    /// Jobs run and mails are sent; returns those within the year, whichever are more.
    fn run(&mut self, (day, second): Moment, jobs: f64, mails: f64) -> f64 {
        for (minutes, count) in [(&mut self.jobs, jobs), (&mut self.mails, mails)] {
            let Some(day) = day.checked_sub(self.lead) else { return 0.0 };
            let slot = match second {
                Some(second) => minutes.punctual.get_mut(length(day * MINUTES_A_DAY + second / 60)),
                None => minutes.office.get_mut(length(day)),
            };
            let Some(slot) = slot else { return 0.0 };
            *slot += count;
        }
        jobs.max(mails)
    }

    fn wait(&mut self, day: u32, change: f64) {
        if let Some(sum) = self.waiting.get_mut(length(day)) {
            *sum += change;
        }
    }

    fn within(&self, day: u32, count: f64) -> f64 {
        let is_within = day >= self.lead && length(day) < self.waiting.len();
        if is_within { count } else { 0.0 }
    }
}

fn most(counts: impl IntoIterator<Item = f64>) -> f64 {
    counts.into_iter().fold(0.0, f64::max)
}

fn in_office_hours() -> f64 {
    crate::statistics::as_number(OFFICE.len())
}

fn length(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::world::tests::habits;

    fn year() -> (World, Year) {
        let world = World::new(habits()).unwrap();
        let year = Year::new(&world);
        (world, year)
    }

    #[test]
    fn what_happens_outside_of_the_year_is_not_counted() {
        let (world, mut year) = year();
        for (day, second) in
            [(world.lead - 1, 86_399), (world.lead, 0), (world.days - 1, 86_399), (world.days, 0)]
        {
            year.reminder((day, Some(second)), 1.0);
        }
        assert_eq!(year.totals.reminders, 2.0);
        assert_eq!((year.mails.punctual[0], *year.mails.punctual.last().unwrap()), (1.0, 1.0));
    }

    #[test]
    fn rows_wait_from_the_day_they_are_put_in_until_they_run_or_are_taken_back() {
        let (world, mut year) = year();
        year.put_in(0, 1.0, 5.0);
        year.put_in(world.lead, 1.0, 5.0);
        year.paid(world.lead + 1..world.lead + 2, 1.0, 4.0);
        year.draft((world.lead + 2, Some(0)), 1.0);
        assert_eq!(year.rows_waiting()[..4], [10.0, 6.0, 5.0, 5.0]);
        assert_eq!((year.totals.invoices, year.totals.paid), (1.0, 1.0));
    }

    #[test]
    fn the_window_holds_what_is_due_and_what_soon_is() {
        let mut minutes = Minutes::of(1);
        minutes.punctual[2..6].copy_from_slice(&[107.0, 1.0, 0.0, 10.0]);
        // From the third minute on: all of it and of the next two, and the first second of the one after.
        assert_eq!(minutes.most_within(3), 118.0);
        assert_eq!((minutes.busiest_minute(), minutes.busiest_second()), (107.0, 107.0));
    }

    #[test]
    fn a_day_has_its_seconds() {
        let (_, mut year) = year();
        year.mails.punctual[24 * 60 + 9 * 60] = 5.0;
        year.mails.office[1] = 32_400.0;
        let seconds = year.mails.seconds_of(1);
        assert_eq!(seconds.len(), 86_400);
        assert_eq!((seconds[0], seconds[32_399], seconds[32_400], seconds[32_401]), (0.0, 1.0, 6.0, 1.0));
        assert_eq!(year.mails.by_day()[..3], [0.0, 32_405.0, 0.0]);
    }
}
