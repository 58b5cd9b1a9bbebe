//! What the trials are started with.

use std::path::PathBuf;

use clap::Args;

/// Where the programs are, and where the trials may write.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Directory of `postgres` and `initdb`
    #[arg(long)]
    pub postgres: PathBuf,
    /// `redis-server` or `valkey-server`
    #[arg(long)]
    pub redis: PathBuf,
    /// `rubis-api`
    #[arg(long)]
    pub api: PathBuf,
    /// `rubis-worker`
    #[arg(long)]
    pub worker: PathBuf,
    /// `libfaketime.so`; without it, the clocks are not set apart
    #[arg(long)]
    pub faketime: Option<PathBuf>,
    /// Directory for logs
    #[arg(long)]
    pub logs: PathBuf,
    /// Empty directory for the cluster of PostgreSQL, which belongs to the user that it runs as
    #[arg(long)]
    pub data: PathBuf,
    /// User that the servers run as
    #[arg(long, requires = "gid")]
    pub uid: Option<u32>,
    /// Group that the servers run as
    #[arg(long)]
    pub gid: Option<u32>,
}

/// Which trials, and how large.
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
