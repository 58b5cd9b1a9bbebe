//! A year of planned reminders of many organizations, by the product's own planning: how many mails leave
//! when, what waits meanwhile, and what it takes to send them in time.
//!
//! Every organization and every invoice is followed; nothing is extrapolated but what [`Costs`] say. The same
//! seed gives the same year.

mod organization;
mod sizing;
mod world;
mod year;

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use self::organization::live;
use self::sizing::Costs;
use self::world::{Habits, World};
use self::year::Year;
use crate::Report;
use crate::report::say;

/// Organizations that are tried out to find how many invoices make the mails that are asked for, and how
/// often they are.
const PILOT: usize = 3_000;
const PILOT_ROUNDS: u32 = 4;

/// Deviation of the logarithm of the sizes of organizations.
const SPREAD: f64 = 1.5;

/// Organizations that a thread takes at once.
const CHUNK: usize = 64;

/// Threads at most: each has counts of its own, of some megabytes.
const THREADS: usize = 16;

#[derive(Args)]
pub struct Arguments {
    /// Number of organizations there are
    #[arg(long, default_value_t = 100_000)]
    organizations: u32,
    /// Mails on a business day, on average; how many invoices there are follows from it
    #[arg(long, default_value_t = 1_000_000)]
    mails_per_day: u32,
    /// Seed: the same number gives the same year
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A hundredth of the organizations and of the mails
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    costs: Costs,
}

/// One of the streams of random numbers of a seed.
fn chance(seed: u64, stream: u64) -> StdRng {
    StdRng::seed_from_u64(seed ^ stream.rotate_left(32))
}

/// Shares of all invoices that the organizations have, the largest first.
fn shares(organizations: u32, seed: u64) -> Vec<f64> {
    let mut chance = chance(seed, 0);
    let mut size = || {
        // A number of the normal distribution around 0 with deviation 1 (Box and Muller).
        let radius = (-2.0 * (1.0 - chance.random::<f64>()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * chance.random::<f64>()).cos();
        (SPREAD * normal).exp()
    };
    let mut sizes: Vec<f64> = (0..organizations).map(|_| size()).collect();
    sizes.sort_unstable_by(|a, b| b.total_cmp(a));
    let total: f64 = sizes.iter().sum();
    sizes.into_iter().map(|size| size / total).collect()
}

/// Simulates the year, and says what it came to.
pub fn run(arguments: &Arguments) -> Result<Report> {
    let divisor = if arguments.quick { 100 } else { 1 };
    let (organizations, mails_per_day) =
        (arguments.organizations / divisor, arguments.mails_per_day / divisor);
    ensure!(organizations > 0 && mails_per_day > 0, "there is nobody, or nothing to send");
    let world = World::new(Habits::default())?;
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
    let shares = shares(organizations, arguments.seed);
    let simulation = Simulation { world: &world, shares: &shares, seed: arguments.seed, threads };

    let invoices = simulation.invoices_for(f64::from(mails_per_day))?;
    say(format!("{invoices:.0} invoices of {organizations} organizations over {} days", world.days));
    let year = simulation.play(invoices, 1)?;
    Ok(sizing::report(&world, &year, organizations, &arguments.costs))
}

struct Simulation<'a> {
    world: &'a World,
    shares: &'a [f64],
    seed: u64,
    threads: usize,
}

impl Simulation<'_> {
    /// Number of invoices make so many mails on a business day, found by trying organizations of all sizes.
    fn invoices_for(&self, mails_per_day: f64) -> Result<f64> {
        let every = (self.shares.len() / PILOT).max(1);
        let share: f64 = self.tried(every).map(|(_, share)| share).sum();
        let mut invoices = mails_per_day * 365.0;
        for round in 1..=PILOT_ROUNDS {
            let mails = sizing::mails_a_business_day(self.world, &self.play(invoices, every)?) / share;
            ensure!(mails > 0.0, "no mail leaves");
            say(format!("pilot {round}: {invoices:.0} invoices make {mails:.0} mails a business day"));
            invoices *= mails_per_day / mails;
        }
        Ok(invoices)
    }

    /// Every so many of the organizations, with their numbers.
    fn tried(&self, every: usize) -> impl Iterator<Item = (usize, f64)> {
        self.shares.iter().copied().enumerate().skip(every / 2).step_by(every)
    }

    /// Lets every so many of the organizations live with their shares of so many invoices.
    fn play(&self, invoices: f64, every: usize) -> Result<Year> {
        let tried: Vec<(usize, f64)> = self.tried(every).collect();
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            let threads: Vec<_> =
                (0..self.threads).map(|_| scope.spawn(|| self.play_part(invoices, &tried, &next))).collect();
            let mut year = Year::new(self.world);
            for thread in threads {
                year.add(&thread.join().map_err(|_| anyhow!("a thread of the simulation failed"))?);
            }
            Ok(year)
        })
    }

    fn play_part(&self, invoices: f64, tried: &[(usize, f64)], next: &AtomicUsize) -> Year {
        let mut year = Year::new(self.world);
        loop {
            let first = next.fetch_add(CHUNK, Ordering::Relaxed);
            let Some(chunk) = tried.get(first..).filter(|rest| !rest.is_empty()) else { return year };
            for (number, share) in chunk.iter().take(CHUNK) {
                let stream = u64::try_from(*number).unwrap_or_default() + 1;
                let mut chance = chance(self.seed, stream);
                let expected = share * invoices;
                let more = u64::from(chance.random_bool(expected.fract()));
                live(self.world, whole(expected) + more, &mut chance, &mut year);
            }
        }
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of invoices is positive and far below 2^53"
)]
const fn whole(count: f64) -> u64 {
    count as u64
}

#[cfg(test)]
mod tests {
    use super::world::tests::habits;
    use super::*;

    fn realistic() -> Habits {
        Habits { paid_early: 0.45, paid: vec![0.25, 0.4, 0.35, 0.3], approved: 0.5, late: 0.03, ..habits() }
    }

    fn year(seed: u64, threads: usize) -> (World, Year) {
        let world = World::new(realistic()).unwrap();
        let simulation = Simulation { world: &world, shares: &shares(100, seed), seed, threads };
        let invoices = simulation.invoices_for(100.0).unwrap();
        let year = simulation.play(invoices, 1).unwrap();
        (world, year)
    }

    #[test]
    fn the_same_seed_is_the_same_year_with_any_number_of_threads() {
        let (_, one) = year(1, 1);
        assert_eq!(one, year(1, 3).1);
        assert_ne!(one, year(2, 3).1);
    }

    #[test]
    fn as_many_mails_leave_as_were_asked_for() {
        let (world, year) = year(1, 2);
        let mails = sizing::mails_a_business_day(&world, &year);
        assert!((mails - 100.0).abs() < 1.0, "{mails}");
        let totals = year.totals;
        assert_eq!(
            year.mails.by_minute().sum::<u64>(),
            totals.reminders + totals.notices + totals.digests,
            "each mail is counted once: {totals:?}"
        );
        assert_eq!(
            year.jobs.by_minute().sum::<u64>(),
            totals.reminders + totals.notices + totals.check_ins + totals.drafts
        );
    }

    #[test]
    fn sizes_have_a_heavy_tail_and_are_whole_together() {
        let shares = shares(10_000, 1);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let largest: f64 = shares.iter().take(100).sum();
        assert!((0.1..0.4).contains(&largest), "one of a hundred has {largest} of all");
    }
}
