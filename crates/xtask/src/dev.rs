//! `cargo xtask dev`: everything on this machine, with a demo organization, until Ctrl-C.

use std::fs::{self, File, TryLockError};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::demo;
use crate::once;
use crate::stack::{Addresses, Stack};
use crate::stripe::Stripe;
use crate::terminal::bold;
use rubis_devkit::interrupt;
use rubis_devkit::workspace::{private, write_secret};

#[derive(Args)]
pub struct Arguments {
    /// Run the main job to its end with an organization of its own, then stop: exits 0 if it all happened
    #[arg(long)]
    once: bool,
    /// Do not install PostgreSQL or Redis if they are missing
    #[arg(long)]
    no_install: bool,
}

/// Description of a running `cargo xtask dev`, for a second one.
#[derive(serde::Serialize, serde::Deserialize)]
struct Running {
    process: u32,
    addresses: Addresses,
}

/// Runs until Ctrl-C, or with `--once` until the main job is done.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.once {
        return once::run(!arguments.no_install);
    }
    let directory = private("")?;
    let lock = File::create(directory.join("dev.lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return tell_of_the_other(),
        Err(TryLockError::Error(error)) => return Err(error).context(".dev/dev.lock cannot be locked"),
    }
    let note = directory.join("dev.json");
    // The addresses of a run that was killed are stale.
    let _ = fs::remove_file(&note);

    let mut stack = Stack::durable(&directory, !arguments.no_install, Stripe::of_environment())?;
    let running = Running { process: std::process::id(), addresses: stack.addresses.clone() };
    // The password of the database is in it, so only this user may read it.
    write_secret(&note, &serde_json::to_string_pretty(&running)?)?;

    let demo = demo::seed(&stack.addresses)?;
    tell_addresses(&stack.addresses);
    demo.tell(&stack.addresses.inbox);
    tell_of_checkout(&stack.addresses);
    println!("\nLogs are in .dev/logs, one file a program. {}", bold("Ctrl-C stops everything."));

    let outcome = loop {
        if let Err(error) = stack.check() {
            break Err(error);
        }
        if interrupt::pause(Duration::from_millis(500)).is_err() {
            break Ok(ExitCode::SUCCESS);
        }
    };
    println!("\nStopping…");
    let _ = fs::remove_file(&note);
    drop(stack);
    println!("Everything is stopped; the data stays in .dev for the next time.");
    outcome
}

/// Running it twice is harmless: the second says where the first is.
fn tell_of_the_other() -> Result<ExitCode> {
    let text = fs::read_to_string(private("dev.json")?).unwrap_or_default();
    match serde_json::from_str::<Running>(&text) {
        Ok(running) => {
            println!("Already running in this checkout (process {}):", running.process);
            tell_addresses(&running.addresses);
        }
        Err(_) => println!("Already starting in this checkout, in another terminal."),
    }
    Ok(ExitCode::SUCCESS)
}

fn tell_addresses(addresses: &Addresses) {
    println!();
    for (name, address) in [
        ("API", format!("{}/api/v1", addresses.api)),
        ("its documentation", format!("{}/api/docs", addresses.api)),
        ("mails that left", addresses.inbox.clone()),
        (
            "Stripe",
            addresses.stripe.clone().unwrap_or_else(|| "itself, with your STRIPE_SECRET_KEY".to_owned()),
        ),
        ("metrics", format!("{} (api), {} (worker)", addresses.api_metrics, addresses.worker_metrics)),
        ("PostgreSQL", addresses.database.clone()),
        ("Redis", addresses.redis.clone()),
    ] {
        println!("  {name:<18} {address}");
    }
}

/// Prints how to try a Checkout, or how Stripe's events arrive.
fn tell_of_checkout(addresses: &Addresses) {
    let api = &addresses.api;
    match &addresses.stripe {
        Some(stripe) => println!(
            "\nTo play a Checkout, sign somebody up in {api}/api/docs, post /billing/start-trial or\n\
             /billing/checkout, and open the `url` that it answers. It leads back to a page that the SPA has and the\n\
             API has not; what came of it, /billing/subscription tells. Everything played is in {stripe}."
        ),
        None => println!(
            "\nStripe's events come with `stripe listen --forward-to {api}/api/v1/webhooks/stripe`; the joinery\n\
             has as many of its invoices as its plan lets be chased."
        ),
    }
}
