//! `rubis-chaos`: plays the fault trials one after the other, and prints what they came to.
//! `cargo xtask chaos` starts it with the programs of this machine.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Result, ensure};
use clap::{Args, Parser, Subcommand};
use rubis_chaos::{Options, Report, Scenario, Selection, Site, all, print_table, serve_as_worker};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::Instant,
};

#[derive(Parser)]
#[command(name = "rubis-chaos", version, about = "Fault trials")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays the trials
    Run(Box<Run>),
    /// Is a worker, for trials that run where `rubis-worker` has not been built
    #[command(hide = true)]
    Worker,
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    selection: Selection,
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Worker => serve_as_worker().await.map(|()| true),
        Command::Run(run) => play_until_told_to_stop(*run).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nothing is left to do when even that can't be written.
            drop(writeln!(io::stderr(), "rubis-chaos: {error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Everything that runs is stopped when the future is dropped.
async fn play_until_told_to_stop(run: Run) -> Result<bool> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        good = play(run) => good,
        _ = terminate.recv() => Err(anyhow::anyhow!("told to stop")),
        _ = interrupt.recv() => Err(anyhow::anyhow!("told to stop")),
    }
}

async fn play(Run { options, selection }: Run) -> Result<bool> {
    let mut out = io::stdout();
    let only = |scenario: &Scenario| {
        selection.only.is_empty() || selection.only.iter().any(|word| scenario.name.contains(word.as_str()))
    };
    let scenarios: Vec<Scenario> = all().into_iter().filter(only).collect();
    ensure!(!scenarios.is_empty(), "no scenario is called like that; --list names them");
    if selection.list {
        for scenario in &scenarios {
            writeln!(out, "{:20} {}", scenario.name, scenario.about)?;
        }
        return Ok(true);
    }
    let reminders =
        usize::try_from(if selection.quick { selection.reminders / 5 } else { selection.reminders })?;
    let mut site = Site::open(options, reminders).await?;
    let mut reports = Vec::new();
    for scenario in &scenarios {
        write!(out, "{}: {} … ", scenario.name, scenario.about)?;
        out.flush()?;
        let started = Instant::now();
        let report = scenario.play(&mut site, reminders).await.unwrap_or_else(|error| {
            let mut report = Report::default();
            report.expect(false, format!("the trial could not be played to its end: {error:#}"));
            report
        });
        let verdict = if report.is_good() { "good" } else { "falls short" };
        writeln!(out, "{verdict} ({:.0} s)", started.elapsed().as_secs_f64())?;
        for shortfall in &report.shortfalls {
            writeln!(out, "  {shortfall}")?;
        }
        reports.push((scenario.name, report));
        // A scenario that broke off may have left a server in the state that it wanted.
        site.mend().await?;
    }
    print_table(&mut out, &reports)?;
    let good = reports.iter().filter(|(_, report)| report.is_good()).count();
    writeln!(out, "\n{good} of {} scenarios are good.", reports.len())?;
    Ok(good == reports.len())
}
