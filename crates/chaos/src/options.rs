//! Command line of the fault scenarios.

use std::path::PathBuf;

use clap::Args;

use crate::Paths;

/// Paths of the programs.
#[derive(Clone, Debug, Args)]
pub struct Options {
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// `libfaketime.so`; without it, the clocks are not set apart
    #[arg(long)]
    pub(crate) faketime: Option<PathBuf>,
}

/// Choice of scenarios, and their size.
#[derive(Clone, Debug, Args)]
pub struct Selection {
    /// Only scenarios whose name contains one of these
    #[arg(long)]
    pub only: Vec<String>,
    /// Reminders that are due together in a scenario
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(200..=20_000))]
    pub reminders: u32,
    /// A fifth of the reminders
    #[arg(long)]
    pub quick: bool,
    /// Names the scenarios, and runs none
    #[arg(long)]
    pub list: bool,
}
