//! `cargo xtask test`: all tests, against servers of their own.

use std::process::{ExitCode, ExitStatus};

use anyhow::Result;
use clap::Args;

use crate::cargo;
use crate::ports;
use crate::servers::{Durability, Postgres, Programs, Redis};
use crate::terminal::step_with;
use crate::workspace::RunDirectory;

#[derive(Args)]
pub struct Arguments {
    /// Do not install PostgreSQL or Redis if they are missing
    #[arg(long)]
    no_install: bool,
    /// For the test runner: a filter, say
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Starts the servers, runs the tests, stops the servers.
///
/// # Errors
/// When a server cannot be started; failing tests are the exit code.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let programs = Programs::find(!arguments.no_install)?;
    let directory = RunDirectory::create("test")?;
    let below = directory.path();
    let postgres = step_with(
        &format!("PostgreSQL {}", programs.postgres_version),
        || {
            Postgres::start(
                &programs.postgres,
                &below.join("postgres"),
                &below.join("postgres.log"),
                ports::any()?,
                Durability::Disposable,
            )
        },
        |postgres| Some(format!("port {}", postgres.port())),
    )?;
    let redis = step_with(
        "Redis",
        || Redis::start(&programs.redis, &below.join("redis.log"), ports::any()?),
        |redis| Some(format!("port {}", redis.port())),
    )?;

    let servers = [("TEST_DATABASE_URL", postgres.url("postgres")), ("TEST_REDIS_URL", redis.url())];
    // Examples in the documentation first: whoever reads the end of the output finds the tests there.
    let documentation = if arguments.rest.is_empty() {
        run_cargo(&["test", "--workspace", "--doc", "--quiet"], &servers)?
    } else {
        ExitStatus::default()
    };
    let runner: &[&str] = if cargo::has("nextest") {
        &["nextest", "run", "--workspace"]
    } else {
        &["test", "--workspace", "--all-targets"]
    };
    let rest: Vec<&str> = arguments.rest.iter().map(String::as_str).collect();
    let tests = run_cargo(&[runner, &rest].concat(), &servers)?;
    Ok(code_of(if tests.success() { documentation } else { tests }))
}

fn run_cargo(arguments: &[&str], environment: &[(&str, String)]) -> Result<ExitStatus> {
    cargo::launch(arguments.iter().copied()).environment(environment.iter().cloned()).start()?.wait()
}

fn code_of(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
