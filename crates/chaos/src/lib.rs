//! Fault scenarios: kill, pause and cut off what the product runs on, and count the reminders that arrive.
//!
//! An [`Environment`] is a private PostgreSQL and a private Redis that a scenario may stop. A [`ScenarioRun`] has a
//! database, a mail server and programs of its own: real processes. When all is quiet, [`ScenarioRun::report`] compares
//! what should have been sent with what arrived, and the scenario adds its measurements and bars.

mod api;
mod audit;
mod checkins;
mod database;
mod environment;
pub mod proxy;
mod report;
mod run;
pub mod scenarios;
mod seed;

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use tokio::signal::unix::{SignalKind, signal};

pub use api::{Api, Caller};
pub use audit::{Expected, MayRepeat, Stopped};
pub use checkins::Checkins;
pub use database::{Database, Due, count};
pub use environment::{Environment, Paths, Servers};
pub use report::{Report, summary, table};
pub use run::{APP_KEY, RunSetup, STOP_LIMIT, ScenarioRun, WorkerLaunch, serve_as_worker};
pub use scenarios::{Scenario, all};
pub use seed::{PASSWORD, SeededOrganization, email, found_organizations, seed};

/// Runs a program until a signal arrives. Its exit code is 0 if every bar was reached, 1 if not, 2 after an error.
pub async fn run_program(name: &str, work: impl Future<Output = Result<bool>>) -> ExitCode {
    match until_signal(work).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            drop(std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{name}: {error:#}\n")));
            ExitCode::from(2)
        }
    }
}

async fn until_signal(work: impl Future<Output = Result<bool>>) -> Result<bool> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        good = work => good,
        _ = terminate.recv() => Err(anyhow!("stopped by SIGTERM")),
        _ = interrupt.recv() => Err(anyhow!("stopped by SIGINT")),
    }
}
