//! Stripe's events at the API: so many a second by HTTP, whether the answers keep up or not.
//!
//! Each event is about a subscription of its own, is signed as Stripe signs, and leaves at its instant of a fixed
//! timetable. What is late is late from that instant on, so that a slow answer neither slows the sender down nor
//! hides the ones that wait behind it.

mod environment;
mod event;
mod sender;

use anyhow::Result;
use clap::Args;
use rubis_kernel::{Clock as _, SystemClock};
use time::Duration;

use self::environment::Environment;
use self::event::Happening;
use self::sender::{Pace, Sent};
use crate::report::{Bar, say};
use crate::{Machine, Report};

/// 99 of 100 events are answered within this many milliseconds.
const P99: Bar = Bar::AtMost(50.0);

/// None is refused or lost.
const NONE: Bar = Bar::AtMost(0.0);

/// Seconds of the timetable that fill connections and caches and are not measured.
const WARM_UP: u32 = 2;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Events a second
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// For how many seconds in each round
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Few events, to see whether it works
    #[arg(long)]
    quick: bool,
}

const ROUNDS: [(Happening, &str); 3] = [
    (Happening::IsEdited, "customer.subscription.updated, on trial"),
    (Happening::Renews, "customer.subscription.updated, newer"),
    (Happening::RenewsAgain, "the same events again"),
];

pub async fn run(machine: &Machine, arguments: &Arguments) -> Result<Report> {
    let pace = Pace { rate: arguments.rate, seconds: if arguments.quick { 3 } else { arguments.seconds } };
    let warm_up = Pace { rate: pace.rate, seconds: WARM_UP };
    let (few, all) = (warm_up.events(), warm_up.events() + pace.events());
    let environment = Environment::open(machine, all).await?;
    say(format!("{all} organizations signed up"));
    let mut report = Report::new("Webhooks", "none; the bars are absolute");
    // An event of the same second as the state that is known is in doubt, and Stripe would be asked.
    let began = SystemClock.now() - Duration::minutes(10);
    for (happening, name) in ROUNDS {
        let body = |number| event::body(number, happening, began);
        sender::send(&environment, (0..few).map(body).collect(), warm_up).await?;
        let mut sent = sender::send(&environment, (few..all).map(body).collect(), pace).await?;
        say(format!("{name}: {:.0} responses/s, {} failures", sent.load.rate(), sent.failures));
        add(&mut report, name, &mut sent);
    }
    environment.verify(all).await?;
    report.note(format!(
        "{} events a second for {} s in each round, on a fixed timetable whatever the answers do; each time runs \
         from the instant at which the event was to leave to the end of its answer. A subscription and an \
         organization of its own for each event; afterwards every one of them has the state that its last event \
         told. All settings of the API that count are the defaults. Sender, API and PostgreSQL share the \
         processors.",
        pace.rate, pace.seconds
    ));
    report.note(
        "No event here is in doubt, links a subscription or raises what is allowed, so that Stripe is never asked: what \
         that takes is a matter of Stripe's time.",
    );
    Ok(report)
}

fn add(report: &mut Report, name: &str, sent: &mut Sent) {
    report.add(format!("{name}: p50, ms"), sent.load.within(0.5), None, None);
    report.add(format!("{name}: p99, ms"), sent.load.within(0.99), None, Some(P99));
    report.add(format!("{name}: the slowest, ms"), sent.load.within(1.0), None, None);
    report.add(format!("{name}: answered/s"), sent.load.rate(), None, None);
    report.add(format!("{name}: not answered with success"), f64::from(sent.failures), None, Some(NONE));
    if let Some(failure) = &sent.first_failure {
        report.note(format!("{name}: the first failure was: {failure}"));
    }
}
