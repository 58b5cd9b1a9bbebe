//! The servers that scenarios stop and benchmarks measure, and the database that each scenario gets a copy of.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use rubis_devkit::{Cluster, Postgres, RECOVERABLE, Redis, ports};
use rubis_kernel::{Clock as _, SystemClock};

use crate::{Api, RunSetup, ScenarioRun, SeededOrganization, seed};

/// The database that every run gets a copy of.
const TEMPLATE: &str = "template_of_runs";

const SEEDING_CONNECTIONS: u32 = 8;

const ORGANIZATIONS: usize = 20;

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

pub struct Servers {
    pub postgres: Postgres,
    pub redis: Redis,
    /// Programs and directories, as absolute paths.
    pub paths: Paths,
}

impl Servers {
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

    pub fn drop_database(&self, name: &str) -> Result<()> {
        self.postgres.query("postgres", &format!("DROP DATABASE {name} WITH (FORCE)")).map(drop)
    }

    /// A mail server, and a worker to start, over a database.
    pub async fn run(&self, name: &str, database_url: &str, redis_prefix: String) -> Result<ScenarioRun> {
        ScenarioRun::begin(RunSetup {
            name: name.to_owned(),
            database_url: database_url.to_owned(),
            redis_url: self.redis.url(),
            redis_prefix,
            worker: (self.paths.worker.clone(), Vec::new()),
            logs: self.paths.logs.clone(),
            organizations: Vec::new(),
        })
        .await
    }

    pub fn api(&self, name: &str, database_url: &str, settings: &[(&str, &str)]) -> Result<Api> {
        Api::start(&self.paths, name, database_url, &self.redis.url(), settings)
    }

    /// Starts what was stopped, and resumes what was paused.
    pub fn mend(&mut self) -> Result<()> {
        self.redis.mend()?;
        self.postgres.mend()
    }
}

pub struct Environment {
    pub servers: Servers,
    /// `libfaketime.so`, if there is one.
    pub faketime: Option<PathBuf>,
    organizations: Vec<SeededOrganization>,
    runs: u32,
}

impl Environment {
    /// Starts the servers and fills the template with 20 organizations and this many reminders.
    pub async fn open(paths: &Paths, faketime: Option<PathBuf>, reminders: usize) -> Result<Self> {
        let servers = Servers::start(paths, RECOVERABLE)?;
        let url = servers.database(TEMPLATE).await?;
        let pool = rubis_db::connect(&url, SEEDING_CONNECTIONS)?;
        let each = reminders.div_ceil(ORGANIZATIONS);
        let organizations = seed(&pool, ORGANIZATIONS, each, SystemClock.now()).await?;
        Ok(Self { servers, faketime, organizations, runs: 0 })
    }

    pub async fn run(&mut self, name: &str, due: usize) -> Result<ScenarioRun> {
        self.runs += 1;
        let url = self.servers.copy(TEMPLATE, &format!("run_{}", self.runs))?;
        let mut run = self.servers.run(name, &url, format!("chaos-{}", self.runs)).await?;
        run.setup.organizations.clone_from(&self.organizations);
        run.make_due(due).await?;
        Ok(run)
    }

    pub fn api(&self, run: &ScenarioRun) -> Result<Api> {
        let settings = [
            // Scenarios have more invoices than any plan allows.
            ("BILLING_FREE_INVOICES", "unlimited"),
            ("REDIS_PREFIX", run.setup.redis_prefix.as_str()),
            ("LIMITER_STORE", "memory"),
        ];
        self.servers.api(&run.setup.name, &run.setup.database_url, &settings)
    }
}
