//! A year of planned reminders of many organizations, by the product's own planning: how many mails are sent when, what
//! waits meanwhile, and what it takes to send them in time.
//!
//! Each organization has a size and settings, drawn with a seed. Counts are the expected ones: all invoices of one due
//! date and one calendar are followed together, split by the shares of [`Habits`].

mod population;
mod sizing;
mod world;
mod year;

use anyhow::{Result, ensure};
use clap::Args;

use self::population::{Population, live};
use self::sizing::Costs;
use self::world::{Habits, World};
use crate::Report;
use crate::report::say;

/// Rounds that find the number of invoices for the mails; mails with several check-ins make it more than proportional.
const ROUNDS: u32 = 4;

#[derive(Args)]
pub struct Arguments {
    /// Number of organizations there are
    #[arg(long, default_value_t = 100_000)]
    organizations: u32,
    /// Mails on a business day, on average; how many invoices there are follows from it
    #[arg(long, default_value_t = 1_000_000)]
    mails_per_day: u32,
    /// Seed of the sizes and settings of the organizations
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A hundredth of the organizations and of the mails
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    costs: Costs,
}

/// Simulates the year.
pub fn run(arguments: &Arguments) -> Result<Report> {
    let divisor = if arguments.quick { 100 } else { 1 };
    let (organizations, mails_per_day) =
        (arguments.organizations / divisor, arguments.mails_per_day / divisor);
    ensure!(organizations > 0 && mails_per_day > 0, "there is no organization, or nothing to send");
    let world = World::new(Habits::default())?;
    let population = Population::new(&world, organizations, arguments.seed);
    let invoices = invoices_for(&world, &population, mails_per_day.into());
    say(format!("{invoices:.0} invoices of {organizations} organizations over {} days", world.days));
    let year = live(&world, &population, invoices);
    Ok(sizing::report(&world, &year, organizations, &arguments.costs))
}

/// Number of invoices that make so many mails on a business day.
fn invoices_for(world: &World, population: &Population, mails_per_day: f64) -> f64 {
    let mut invoices = mails_per_day * 365.0;
    for _ in 0..ROUNDS {
        let mails = sizing::mails_a_business_day(world, &live(world, population, invoices));
        invoices *= mails_per_day / mails;
    }
    invoices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_mails_leave_as_were_asked_for() {
        let habits = Habits {
            sending_times: world::tests::habits().sending_times,
            time_zones: world::tests::habits().time_zones,
            ..Habits::default()
        };
        let world = World::new(habits).unwrap();
        let population = Population::new(&world, 100, 1);
        let year = live(&world, &population, invoices_for(&world, &population, 100.0));
        let mails = sizing::mails_a_business_day(&world, &year);
        assert!((mails - 100.0).abs() < 1.0, "{mails}");
        let totals = year.totals;
        let difference = |counted: Vec<f64>, expected: f64| (counted.iter().sum::<f64>() - expected).abs();
        let sent = totals.reminders + totals.notices + totals.digests;
        assert!(difference(year.mails.by_minute(), sent) < 0.01, "each mail is counted once: {totals:?}");
        let jobs = totals.reminders + totals.notices + totals.check_ins + totals.drafts;
        assert!(difference(year.jobs.by_minute(), jobs) < 0.01, "each job is counted once: {totals:?}");
    }
}
