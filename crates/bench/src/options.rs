//! What the benchmarks are started with.

use std::path::PathBuf;

use clap::Args;

/// Where the programs are, and where the benchmarks may write.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Directory of `postgres`, `initdb` and `pgbench`
    #[arg(long, default_value = "/usr/lib/postgresql/15/bin")]
    pub postgres: PathBuf,
    /// `redis-server` or `valkey-server`
    #[arg(long, default_value = "/usr/bin/redis-server")]
    pub redis: PathBuf,
    /// `rubis-api`
    #[arg(long, default_value = "target/release/rubis-api")]
    pub api: PathBuf,
    /// `rubis-worker`
    #[arg(long, default_value = "target/release/rubis-worker")]
    pub worker: PathBuf,
    /// `node`, for the reference of the queue
    #[arg(long, default_value = "node")]
    pub node: PathBuf,
    /// Directory whose `node_modules` has the reference of the queue
    #[arg(long, default_value = ".dev/bench")]
    pub packages: PathBuf,
    /// Directory for logs and for what is handed to other programs
    #[arg(long, default_value = ".dev/bench/logs")]
    pub logs: PathBuf,
    /// Empty directory for the cluster of PostgreSQL, which belongs to the user that it runs as
    #[arg(long, default_value = ".dev/bench/postgres")]
    pub data: PathBuf,
    /// User that the servers run as
    #[arg(long, requires = "gid")]
    pub uid: Option<u32>,
    /// Group that the servers run as
    #[arg(long)]
    pub gid: Option<u32>,
    /// Markdown file that the figures are appended to
    #[arg(long)]
    pub record: Option<PathBuf>,
    /// What was measured, for the record
    #[arg(long, default_value = "an unnamed revision")]
    pub revision: String,
}
