//! The project's commands: `cargo xtask dev`, `test`, `lint`, `schema`, `openapi`, `bruno`, `fuzz-api`,
//! `chaos`, `bench`, `simulate`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these commands talk to the person who typed them, on the terminal"
)]

mod browser;
mod bruno;
mod cargo;
mod clock;
mod demo;
mod dev;
mod fuzz_api;
mod generated;
mod install;
mod lint;
mod mailbox;
mod measurements;
mod npm;
mod once;
mod openapi;
mod python;
mod schema;
mod servers;
mod stack;
mod stripe;
mod subscription;
mod terminal;
mod test;
mod timeline;
mod verification;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use rubis_devkit::{interrupt, supervisor};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The commands of the Rubis workspace")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts everything on this machine, with a demo organization, until Ctrl-C
    Dev(dev::Arguments),
    /// Runs all tests against private servers
    Test(test::Arguments),
    /// Checks what CI checks: formatting, clippy, dependencies, schema.rs, the OpenAPI document
    Lint(lint::Arguments),
    /// Writes crates/db/src/schema.rs from the migrations
    Schema(schema::Arguments),
    /// Writes docs/openapi.json from the handlers
    Openapi,
    /// Runs the Bruno collection against a stack of its own
    Bruno(bruno::Arguments),
    /// Sends requests made from the OpenAPI document to a stack of its own
    FuzzApi(fuzz_api::Arguments),
    /// Runs the fault scenarios: kills, pauses and cuts, and counts the reminders that arrive
    Chaos(measurements::Chaos),
    /// Measures the product's parts, each beside a reference in the same run
    Bench(measurements::Bench),
    /// Simulates a year of planned reminders of 100,000 organizations
    Simulate(measurements::Simulate),
    /// Runs one program and stops it when the command goes away
    #[command(hide = true)]
    Supervise(supervisor::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = interrupt::listen() {
        return exit_code(Err(error));
    }
    if let Command::Supervise(arguments) = &arguments.command {
        return supervisor::run(arguments);
    }
    supervisor::enable();
    let outcome = match arguments.command {
        Command::Supervise(_) => return ExitCode::FAILURE,
        Command::Dev(arguments) => dev::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Openapi => openapi::write(),
        Command::Bruno(arguments) => bruno::run(&arguments),
        Command::FuzzApi(arguments) => fuzz_api::run(&arguments),
        Command::Chaos(arguments) => measurements::chaos(arguments),
        Command::Bench(arguments) => measurements::bench(&arguments),
        Command::Simulate(arguments) => measurements::simulate(&arguments),
    };
    exit_code(outcome)
}

/// A command says its own code (a test runner's, say); an error is 1, and 130 when it was interrupted.
fn exit_code(outcome: Result<ExitCode>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(error) if interrupt::caused(&error) => {
            eprintln!("Interrupted.");
            ExitCode::from(130)
        }
        Err(error) => {
            terminal::failure(&error);
            ExitCode::FAILURE
        }
    }
}
