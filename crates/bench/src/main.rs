//! `rubis-bench`: measures the product's parts, each beside a reference in the same run.
//! `cargo xtask bench` and `cargo xtask simulate` start it with the programs of this machine.

mod api;
mod cpu;
mod feed;
mod options;
mod queue;
mod reference;
mod report;
mod send;
mod simulate;
mod statistics;
mod webhooks;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use rubis_chaos::run_program;

use crate::options::{Machine, Options};
use crate::report::Report;

#[derive(Parser)]
#[command(name = "rubis-bench", version, about = "Benchmarks and a simulation of the sizing")]
struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The job queue, beside BullMQ
    Queue(queue::Arguments),
    /// Reminders by SMTP, beside pgbench with the same statements
    Send(send::Arguments),
    /// The HTTP API, beside pgbench with the same statements
    Api(api::Arguments),
    /// The feeder's sweep and the claim among millions of planned jobs
    Feed(feed::Arguments),
    /// Stripe's events, so many a second
    Webhooks(webhooks::Arguments),
    /// A year of planned reminders of many organizations
    Simulate(Box<simulate::Arguments>),
}

#[tokio::main]
async fn main() -> ExitCode {
    run_program("rubis-bench", Box::pin(measure(Arguments::parse()))).await
}

/// Returns true if every bar was reached.
async fn measure(Arguments { options, command }: Arguments) -> Result<bool> {
    let machine = || Machine::open(&options);
    let report = match command {
        Command::Simulate(arguments) => simulate::run(&arguments)?,
        Command::Queue(arguments) => queue::run(&machine()?, arguments).await?,
        Command::Send(arguments) => send::run(&machine()?, arguments).await?,
        Command::Api(arguments) => api::run(&machine()?, arguments).await?,
        Command::Feed(arguments) => feed::run(&machine()?, arguments).await?,
        Command::Webhooks(arguments) => webhooks::run(&machine()?, &arguments).await?,
    };
    report::say(report.text(&options.revision));
    if let Some(record) = &options.record {
        report.append(record, &options.revision)?;
    }
    Ok(report.is_good())
}
