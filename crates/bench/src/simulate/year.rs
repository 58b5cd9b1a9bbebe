//! The events of a year, counted by the minute and by the day.

use super::world::World;

const MINUTES_A_DAY: u32 = 24 * 60;

/// Seconds of a day.
pub const SECONDS_A_DAY: u32 = 24 * 60 * 60;

/// Counts by the minute of the year. What is planned is due at a whole minute; what people set off is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Minutes {
    /// Due in the first second of each minute.
    pub punctual: Vec<u32>,
    /// Due at another second of it.
    pub scattered: Vec<u32>,
}

/// Numbers of the year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub invoices: u64,
    pub paid: u64,
    pub reminders: u64,
    pub drafts: u64,
    pub notices: u64,
    pub check_ins: u64,
    /// Mails that asked them: one for all of an organization and a morning.
    pub digests: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Year {
    pub mails: Minutes,
    pub jobs: Minutes,
    /// Change of the number of waiting job rows: how many more wait at the end of each day than at the end of the day
    /// before it, from the first day of all.
    waiting: Vec<i64>,
    pub totals: Totals,
    lead: u32,
    days: u32,
}

impl Minutes {
    fn of(minutes: usize) -> Self {
        Self { punctual: vec![0; minutes], scattered: vec![0; minutes] }
    }

    fn count(&mut self, minute: usize, second: i64) {
        let counts = if second % 60 == 0 { &mut self.punctual } else { &mut self.scattered };
        if let Some(count) = counts.get_mut(minute) {
            *count += 1;
        }
    }

    fn add(&mut self, other: &Self) {
        let sums = self.punctual.iter_mut().chain(&mut self.scattered);
        for (sum, count) in sums.zip(other.punctual.iter().chain(&other.scattered)) {
            *sum += count;
        }
    }

    pub fn by_minute(&self) -> impl Iterator<Item = u64> {
        self.punctual
            .iter()
            .zip(&self.scattered)
            .map(|(punctual, scattered)| u64::from(*punctual) + u64::from(*scattered))
    }

    pub fn by_day(&self) -> Vec<u64> {
        let minutes: Vec<u64> = self.by_minute().collect();
        minutes.chunks(length(MINUTES_A_DAY)).map(|day| day.iter().sum()).collect()
    }

    pub fn busiest_minute(&self) -> u64 {
        self.by_minute().max().unwrap_or_default()
    }

    pub fn busiest_second(&self) -> u32 {
        self.punctual.iter().copied().max().unwrap_or_default()
    }

    /// The most that were due at an instant, or are within so many minutes of it.
    pub fn most_within(&self, minutes: u32) -> u64 {
        // From the beginning of a minute on: all of it and of those that follow, and the first second of
        // the next.
        let counts: Vec<u64> = self.by_minute().collect();
        let after = self.punctual.iter().skip(length(minutes)).map(|count| u64::from(*count));
        let sums = counts.windows(length(minutes).max(1)).map(|window| window.iter().sum::<u64>());
        sums.zip(after.chain(std::iter::repeat(0))).map(|(sum, after)| sum + after).max().unwrap_or_default()
    }

    /// Counts of each second of a day of the year. What is scattered over a minute is spread evenly.
    pub fn seconds_of(&self, day: usize) -> Vec<f64> {
        let minutes = length(MINUTES_A_DAY);
        let of_day = |counts: &[u32]| -> Vec<u32> {
            counts.iter().skip(day * minutes).take(minutes).copied().collect()
        };
        let (punctual, scattered) = (of_day(&self.punctual), of_day(&self.scattered));
        let mut seconds = Vec::with_capacity(length(SECONDS_A_DAY));
        for (punctual, scattered) in punctual.into_iter().zip(scattered) {
            let each = f64::from(scattered) / 60.0;
            seconds.push(f64::from(punctual) + each);
            seconds.extend([each; 59]);
        }
        seconds
    }
}

impl Year {
    /// One in which nothing has happened.
    pub fn new(world: &World) -> Self {
        let minutes = length((world.days - world.lead) * MINUTES_A_DAY);
        Self {
            mails: Minutes::of(minutes),
            jobs: Minutes::of(minutes),
            waiting: vec![0; length(world.days)],
            totals: Totals::default(),
            lead: world.lead,
            days: world.days,
        }
    }

    /// Also all that happened in another part of the world.
    pub fn add(&mut self, other: &Self) {
        self.mails.add(&other.mails);
        self.jobs.add(&other.jobs);
        for (sum, change) in self.waiting.iter_mut().zip(&other.waiting) {
            *sum += change;
        }
        self.totals.add(&other.totals);
    }

    /// An invoice is put in, with so many jobs.
    pub fn put_in(&mut self, day: u32, jobs: u32) {
        self.totals.invoices += self.is_within(day);
        self.wait(day, i64::from(jobs));
    }

    /// An invoice is paid: so many jobs are taken back.
    pub fn paid(&mut self, day: u32, jobs: u32) {
        self.totals.paid += self.is_within(day);
        self.wait(day, -i64::from(jobs));
    }

    /// A question whether an invoice was paid; `is_mailed` unless it is in a mail that leaves anyway.
    pub fn check_in(&mut self, second: i64, is_mailed: bool) {
        let within = self.run(second, is_mailed);
        self.totals.check_ins += within;
        self.totals.digests += if is_mailed { within } else { 0 };
        self.wait(day_of(second), -1);
    }

    /// A reminder leaves.
    pub fn reminder(&mut self, second: i64) {
        self.totals.reminders += self.run(second, true);
        self.wait(day_of(second), -1);
    }

    /// A formal notice is put before a person.
    pub fn draft(&mut self, second: i64) {
        self.totals.drafts += self.run(second, false);
        self.wait(day_of(second), -1);
    }

    /// A formal notice leaves, at once when it is approved.
    pub fn notice(&mut self, second: i64) {
        self.totals.notices += self.run(second, true);
    }

    /// Number of job rows that wait at the end of each day of the year.
    pub fn rows_waiting(&self) -> Vec<i64> {
        let mut sum = 0;
        let sums = self.waiting.iter().map(|change| {
            sum += change;
            sum
        });
        sums.skip(length(self.lead)).collect()
    }

    /// A job runs; returns 1 if that is within the year.
    fn run(&mut self, second: i64, mails: bool) -> u64 {
        let minute = second.div_euclid(60) - i64::from(self.lead * MINUTES_A_DAY);
        let Ok(minute) = usize::try_from(minute) else { return 0 };
        self.jobs.count(minute, second);
        if mails {
            self.mails.count(minute, second);
        }
        u64::from(minute < self.jobs.punctual.len())
    }

    fn wait(&mut self, day: u32, change: i64) {
        if let Some(sum) = self.waiting.get_mut(length(day)) {
            *sum += change;
        }
    }

    fn is_within(&self, day: u32) -> u64 {
        u64::from((self.lead..self.days).contains(&day))
    }
}

impl Totals {
    fn add(&mut self, other: &Self) {
        self.invoices += other.invoices;
        self.paid += other.paid;
        self.reminders += other.reminders;
        self.drafts += other.drafts;
        self.notices += other.notices;
        self.check_ins += other.check_ins;
        self.digests += other.digests;
    }
}

/// The day that a second is of.
pub fn day_of(second: i64) -> u32 {
    u32::try_from(second.div_euclid(i64::from(SECONDS_A_DAY))).unwrap_or_default()
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
        let (begins, ends) = (i64::from(world.lead) * 86_400, i64::from(world.days) * 86_400);
        for second in [begins - 1, begins, ends - 1, ends] {
            year.reminder(second);
        }
        assert_eq!(year.totals.reminders, 2);
        assert_eq!(year.mails.by_minute().sum::<u64>(), 2);
        assert_eq!((year.mails.punctual[0], *year.mails.scattered.last().unwrap()), (1, 1));
    }

    #[test]
    fn rows_wait_from_the_day_they_are_put_in_until_they_run_or_are_taken_back() {
        let (world, mut year) = year();
        year.put_in(0, 5);
        year.put_in(world.lead, 5);
        year.paid(world.lead + 1, 4);
        year.draft(i64::from(world.lead + 2) * 86_400);
        assert_eq!(year.rows_waiting()[..4], [10, 6, 5, 5]);
        assert_eq!((year.totals.invoices, year.totals.paid), (1, 1));
    }

    #[test]
    fn the_window_holds_what_is_due_and_what_soon_is() {
        let mut minutes = Minutes::of(10);
        minutes.punctual = vec![0, 0, 100, 1, 0, 10, 0, 0, 0, 0];
        minutes.scattered[2] = 7;
        // From the third minute on: all of it and of the next two, and the first second of the one after.
        assert_eq!(minutes.most_within(3), 118);
        assert_eq!((minutes.busiest_minute(), minutes.busiest_second()), (107, 100));
    }

    #[test]
    fn a_day_has_its_seconds() {
        let (_, mut year) = year();
        year.mails.punctual[24 * 60 + 1] = 5;
        year.mails.scattered[24 * 60 + 1] = 60;
        let seconds = year.mails.seconds_of(1);
        assert_eq!(seconds.len(), 86_400);
        assert_eq!((seconds[59], seconds[60], seconds[61], seconds[120]), (0.0, 6.0, 1.0, 0.0));
        assert_eq!(year.mails.by_day()[..3], [0, 65, 0]);
    }
}
