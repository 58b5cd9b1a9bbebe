//! `cargo xtask simulate`: a year of planned reminders, on paper: no server is started.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::stage::{self, Profile};

const PROGRAM: &str = "rubis-bench";

#[derive(Args)]
pub struct Arguments {
    /// Options of the simulation: `-- --help` names them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<OsString>,
}

/// Builds the program as it is released and simulates.
///
/// # Errors
/// When the program does not build.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let built = stage::build(&[PROGRAM], Profile::Release)?;
    let words = [OsString::from("simulate")].into_iter().chain(arguments.options.iter().cloned());
    stage::run(&built.join(PROGRAM), words.collect())
}
