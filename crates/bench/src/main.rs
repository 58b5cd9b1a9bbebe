//! `rubis-bench`: measures the product's parts, each beside a reference in the same run.
//! `cargo xtask bench` and `cargo xtask simulate` start it with the programs of this machine.

mod api;
mod cpu;
mod feed;
mod machine;
mod options;
mod queue;
mod reference;
mod report;
mod send;
mod simulate;
mod statistics;
mod webhooks;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Result;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::{machine::Machine, options::Options, report::Report};

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
    match Box::pin(measure_until_told_to_stop(Arguments::parse())).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nothing is left to do when even that can't be written.
            drop(writeln!(io::stderr(), "rubis-bench: {error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Everything that runs is stopped when the future is dropped.
async fn measure_until_told_to_stop(arguments: Arguments) -> Result<bool> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        good = measure(arguments) => good,
        _ = terminate.recv() => Err(anyhow::anyhow!("told to stop")),
        _ = interrupt.recv() => Err(anyhow::anyhow!("told to stop")),
    }
}

/// Says whether every bar was reached.
async fn measure(Arguments { options, command }: Arguments) -> Result<bool> {
    let report = match command {
        Command::Simulate(arguments) => simulate::run(&arguments)?,
        Command::Queue(arguments) => queue::run(&Machine::open(&options).await?, &arguments).await?,
        Command::Send(arguments) => send::run(&Machine::open(&options).await?, &arguments).await?,
        Command::Api(arguments) => api::run(&Machine::open(&options).await?, &arguments).await?,
        Command::Feed(arguments) => feed::run(&Machine::open(&options).await?, &arguments).await?,
        Command::Webhooks(arguments) => webhooks::run(&Machine::open(&options).await?, &arguments).await?,
    };
    report.print(&mut io::stdout())?;
    if let Some(record) = &options.record {
        report.append(record, &options.revision)?;
    }
    Ok(report.is_good())
}
