//! `rubis-chaos`: runs the fault scenarios in turn, and prints their results.
//! `cargo xtask chaos` starts it with the programs of this machine.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Args, Parser, Subcommand};
use rubis_chaos::{Environment, Paths, Report, Scenario, all, run_program, serve_as_worker, summary};
use tokio::time::Instant;

#[derive(Parser)]
#[command(name = "rubis-chaos", version, about = "Fault scenarios")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the scenarios
    Run(Box<Run>),
    /// Is a worker, for tests that run before `rubis-worker` is built
    #[command(hide = true)]
    Worker,
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    paths: Paths,
    /// `libfaketime.so`; without it, the clocks are not set apart
    #[arg(long)]
    faketime: Option<PathBuf>,
    /// Only scenarios whose name contains one of these
    #[arg(long)]
    only: Vec<String>,
    /// Reminders that are due together in a scenario
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(200..=20_000))]
    reminders: u32,
    /// A fifth of the reminders
    #[arg(long)]
    quick: bool,
    /// Names the scenarios, and runs none
    #[arg(long)]
    list: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Arguments::parse().command {
        // A worker handles signals itself.
        Command::Worker => match serve_as_worker().await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                drop(writeln!(io::stderr(), "rubis-chaos: {error:#}"));
                ExitCode::from(2)
            }
        },
        Command::Run(run) => run_program("rubis-chaos", Box::pin(play(*run))).await,
    }
}

async fn play(Run { paths, faketime, only, reminders, quick, list }: Run) -> Result<bool> {
    let mut out = io::stdout();
    let is_wanted = |scenario: &Scenario| {
        only.is_empty() || only.iter().any(|word| scenario.name.contains(word.as_str()))
    };
    let scenarios: Vec<Scenario> = all().into_iter().filter(is_wanted).collect();
    ensure!(!scenarios.is_empty(), "no scenario is called like that; --list names them");
    if list {
        for scenario in &scenarios {
            writeln!(out, "{:20} {}", scenario.name, scenario.about)?;
        }
        return Ok(true);
    }
    let reminders = usize::try_from(if quick { reminders / 5 } else { reminders })?;
    let mut environment = Environment::open(&paths, faketime, reminders).await?;
    let mut reports = Vec::new();
    for scenario in &scenarios {
        write!(out, "{}: {} … ", scenario.name, scenario.about)?;
        out.flush()?;
        let started = Instant::now();
        let report = scenario.play(&mut environment, reminders).await.unwrap_or_else(|error| {
            let mut report = Report::default();
            report.expect(false, format!("the scenario did not run to its end: {error:#}"));
            report
        });
        let verdict = if report.is_good() { "good" } else { "falls short" };
        writeln!(out, "{verdict} ({:.0} s)", started.elapsed().as_secs_f64())?;
        reports.push((scenario.name, report));
        // A scenario that broke off may have left a server stopped.
        environment.servers.mend()?;
    }
    let good = reports.iter().filter(|(_, report)| report.is_good()).count();
    writeln!(out, "\n{}\n\n{good} of {} scenarios are good.", summary(&reports), reports.len())?;
    Ok(good == reports.len())
}
