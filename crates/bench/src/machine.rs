//! The private servers that a benchmark measures on.

use std::path::Path;

use anyhow::{Context as _, Result};
use diesel_async::SimpleAsyncConnection as _;
use rubis_chaos::{Account, Postgres, Redis};
use rubis_db::{AsyncConnection as _, AsyncPgConnection};

use crate::options::Options;

/// PostgreSQL as one would run it on this machine: commits wait for the disk. The log of a failed
/// statement is all that is written beside.
const SETTINGS: [&str; 9] = [
    "fsync=on",
    "full_page_writes=on",
    "shared_buffers=2GB",
    "max_wal_size=8GB",
    "checkpoint_timeout=15min",
    "max_connections=300",
    "random_page_cost=1.1",
    "effective_cache_size=12GB",
    crate::reference::LINE_PREFIX,
];

/// A PostgreSQL and a Redis that nobody else uses.
pub struct Machine {
    /// PostgreSQL.
    pub postgres: Postgres,
    /// Redis.
    pub redis: Redis,
    /// What the benchmark was started with.
    pub options: Options,
}

impl Machine {
    /// Starts both.
    ///
    /// # Errors
    /// When one does not start.
    pub async fn open(options: &Options) -> Result<Self> {
        let account = options.uid.zip(options.gid).map(|(uid, gid)| Account { uid, gid });
        let log = options.logs.join("postgres.log");
        let postgres =
            Postgres::start_with(&options.postgres, &options.data, account, &log, &SETTINGS).await?;
        let redis = Redis::start(&options.redis, account, &options.logs.join("redis.log")).await?;
        Ok(Self { postgres, redis, options: options.clone() })
    }

    /// Makes an empty database with the product's tables, and tells its URL.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn database(&self, name: &str) -> Result<String> {
        let mut conn = AsyncPgConnection::establish(&self.postgres.url("postgres")).await?;
        conn.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        let url = self.postgres.url(name);
        rubis_db::run_migrations(&url).await.context("the migrations fail")?;
        Ok(url)
    }

    /// A program of PostgreSQL.
    pub fn program(&self, name: &str) -> std::path::PathBuf {
        self.options.postgres.join(name)
    }

    /// Where logs and files for other programs go.
    pub fn logs(&self) -> &Path {
        &self.options.logs
    }
}
