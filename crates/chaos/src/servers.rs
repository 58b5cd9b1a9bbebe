//! The servers that a scenario stops, and that a benchmark measures.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use rubis_devkit::{Cluster, Postgres, Redis, ports};

use crate::Api;

/// Paths of programs, and of the directories that may be written to.
#[derive(Clone, Debug, Args)]
pub struct Paths {
    /// Directory of `postgres`, `initdb`, `psql` and `pgbench`
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
    /// Directory for logs and for files of other programs
    #[arg(long, default_value = ".dev/bench/logs")]
    pub logs: PathBuf,
    /// Directory for the cluster of PostgreSQL
    #[arg(long, default_value = ".dev/bench/postgres")]
    pub data: PathBuf,
}

/// A private PostgreSQL and a private Redis.
pub struct Servers {
    /// PostgreSQL.
    pub postgres: Postgres,
    /// Redis.
    pub redis: Redis,
    /// Programs and directories, as absolute paths.
    pub paths: Paths,
}

impl Servers {
    /// Starts both, PostgreSQL with these settings.
    pub fn start(paths: &Paths, settings: &[&str]) -> Result<Self> {
        let mut paths = paths.clone();
        for path in [&mut paths.api, &mut paths.worker, &mut paths.logs, &mut paths.data] {
            *path = std::path::absolute(&*path)?;
        }
        let cluster = Cluster {
            programs: &paths.postgres,
            directory: &paths.data,
            log: &paths.logs.join("postgres.log"),
            settings,
            locale: "C",
            temporary: false,
        };
        let postgres = Postgres::start(&cluster, ports::any()?)?;
        let redis = Redis::start(&paths.redis, &paths.logs.join("redis.log"), ports::any()?, &[])?;
        Ok(Self { postgres, redis, paths })
    }

    /// Creates an empty database with the tables of the product, and returns its URL.
    pub async fn database(&self, name: &str) -> Result<String> {
        self.postgres.create_database(name)?;
        let url = self.postgres.url(name);
        rubis_db::run_migrations(&url).await.context("the migrations fail")?;
        Ok(url)
    }

    /// Copies a database, and returns the URL of the copy.
    pub fn copy(&self, template: &str, name: &str) -> Result<String> {
        let connected = format!("FROM pg_stat_activity WHERE datname = '{template}'");
        self.postgres.query("postgres", &format!("SELECT pg_terminate_backend(pid) {connected}"))?;
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy");
        self.postgres.query("postgres", &create)?;
        Ok(self.postgres.url(name))
    }

    /// Deletes a database, whatever is connected to it.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        self.postgres.query("postgres", &format!("DROP DATABASE {name} WITH (FORCE)")).map(drop)
    }

    /// Starts the API over a database, with further settings. Its log is `name`.
    pub fn api(&self, name: &str, database_url: &str, settings: &[(&str, &str)]) -> Result<Api> {
        Api::start(&self.paths, name, database_url, &self.redis.url(), settings)
    }

    /// Starts what was stopped, and resumes what was paused.
    pub fn mend(&mut self) -> Result<()> {
        self.redis.mend()?;
        self.postgres.mend()
    }
}
