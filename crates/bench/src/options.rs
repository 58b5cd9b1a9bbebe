//! Command line of the benchmarks, and the private servers that they measure.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use rubis_chaos::{Paths, ScenarioRun, Servers, WorkerLaunch};

/// PostgreSQL as one would run it on this machine: commits wait for the disk.
const SETTINGS: [&str; 12] = [
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "wal_level=minimal",
    "max_wal_senders=0",
    "shared_buffers=2GB",
    "max_wal_size=8GB",
    "checkpoint_timeout=15min",
    "max_connections=300",
    "random_page_cost=1.1",
    "effective_cache_size=12GB",
    crate::reference::LINE_PREFIX,
];

#[derive(Clone, Debug, Args)]
pub struct Options {
    #[command(flatten)]
    pub paths: Paths,
    /// `node`, for the reference of the queue
    #[arg(long, default_value = "node")]
    pub node: PathBuf,
    /// Directory whose `node_modules` has the reference of the queue
    #[arg(long, default_value = ".dev/bench")]
    pub packages: PathBuf,
    /// Markdown file that the figures are appended to
    #[arg(long)]
    pub record: Option<PathBuf>,
    /// The measured revision, for the record
    #[arg(long, default_value = "an unnamed revision")]
    pub revision: String,
}

pub struct Machine {
    pub servers: Servers,
    pub options: Options,
}

impl Machine {
    pub fn open(options: &Options) -> Result<Self> {
        Ok(Self { servers: Servers::start(&options.paths, &SETTINGS)?, options: options.clone() })
    }

    pub fn logs(&self) -> &Path {
        &self.servers.paths.logs
    }

    pub async fn run(&self, name: &str, database_url: &str) -> Result<ScenarioRun> {
        self.servers.run(name, database_url, format!("bench-{}", name.replace('_', "-"))).await
    }
}

/// A worker that sends as fast as it can, and logs as it does by default.
pub fn unlimited_worker(run: &ScenarioRun, connections: u32, concurrency: u32) -> WorkerLaunch {
    run.worker()
        .set("PG_POOL_SIZE", connections.to_string())
        .set("WORKER_CONCURRENCY", concurrency.to_string())
        .set("MAIL_RATE_PER_SECOND", "0")
        .set("MAIL_TENANT_RATE_PER_SECOND", "0")
}
