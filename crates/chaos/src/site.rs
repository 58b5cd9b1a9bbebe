//! The servers that all trials use one after the other, and may stop as they like.

use anyhow::{Context as _, Result};
use diesel_async::SimpleAsyncConnection as _;
use rubis_db::{AsyncConnection as _, AsyncPgConnection};
use rubis_kernel::{Clock as _, SystemClock};

use crate::{
    Api, Options, Postgres, Redis, SeededOrganization, Trial, TrialPlace,
    process::{Account, Launch},
    seed,
    servers::free_port,
    trial::APP_KEY,
};

/// The database that every trial gets a copy of.
const TEMPLATE: &str = "template_of_trials";

/// Connections that fill the template.
const SEEDING_CONNECTIONS: u32 = 8;

/// Organizations in every trial.
pub const ORGANIZATIONS: usize = 20;

/// The servers, and where their programs are.
pub struct Site {
    /// PostgreSQL.
    pub postgres: Postgres,
    /// Redis.
    pub redis: Redis,
    options: Options,
    organizations: Vec<SeededOrganization>,
    trials: u32,
}

impl Site {
    /// Starts the servers and fills the template with 20 organizations and this many reminders.
    ///
    /// # Errors
    /// When a server does not start or the domain refuses something.
    pub async fn open(options: Options, reminders: usize) -> Result<Self> {
        let account = options.uid.zip(options.gid).map(|(uid, gid)| Account { uid, gid });
        let postgres =
            Postgres::start(&options.postgres, &options.data, account, &options.logs.join("postgres.log"))
                .await?;
        let redis = Redis::start(&options.redis, account, &options.logs.join("redis.log")).await?;
        execute(&postgres, &format!("CREATE DATABASE {TEMPLATE}")).await?;
        let url = postgres.url(TEMPLATE);
        rubis_db::run_migrations(&url).await.context("the migrations fail")?;
        let pool = rubis_db::connect(&url, SEEDING_CONNECTIONS)?;
        let each = reminders.div_ceil(ORGANIZATIONS);
        let organizations = seed(&pool, ORGANIZATIONS, each, SystemClock.now()).await?;
        drop(pool);
        Ok(Self { postgres, redis, options, organizations, trials: 0 })
    }

    /// Begins a trial with a database of its own, in which this many reminders are due in a moment.
    ///
    /// # Errors
    /// When the database cannot be copied.
    pub async fn trial(&mut self, name: &str, due: usize) -> Result<Trial> {
        self.trials += 1;
        let database = format!("trial_{}", self.trials);
        execute(
            &self.postgres,
            &format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{TEMPLATE}';
                 CREATE DATABASE {database} TEMPLATE {TEMPLATE} STRATEGY file_copy"
            ),
        )
        .await?;
        let mut trial = Trial::begin(TrialPlace {
            name: name.to_owned(),
            database_url: self.postgres.url(&database),
            redis_url: self.redis.url(),
            redis_prefix: format!("chaos-{}", self.trials),
            worker: (self.options.worker.clone(), Vec::new()),
            logs: self.options.logs.clone(),
            organizations: self.organizations.clone(),
        })
        .await?;
        trial.make_due(due).await?;
        Ok(trial)
    }

    /// Makes sure that both servers run and answer, whatever a scenario did to them.
    ///
    /// # Errors
    /// When one does not start.
    pub async fn mend(&mut self) -> Result<()> {
        self.redis.mend().await?;
        self.postgres.mend().await
    }

    /// The address of a trial's database by way of a proxy at this port.
    #[must_use]
    pub fn database_through(&self, port: u16) -> String {
        self.postgres.url_through(port, &format!("trial_{}", self.trials))
    }

    /// `libfaketime.so`, where there is one.
    #[must_use]
    pub fn faketime(&self) -> Option<&std::path::Path> {
        self.options.faketime.as_deref()
    }

    /// Starts the API over a trial's database.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn api(&self, trial: &Trial) -> Result<Api> {
        let (port, metrics) = (free_port()?, free_port()?);
        let url = format!("http://127.0.0.1:{port}");
        let launch = Launch::new(&self.options.api, trial.log())
            .directory(&self.options.logs)
            .variable("HOST", "127.0.0.1")
            .variable("PORT", port.to_string())
            // What is tried here are invoices by the thousand, not what a plan allows.
            .variable("BILLING_FREE_INVOICES", "unlimited")
            .variable("METRICS_ADDR", format!("127.0.0.1:{metrics}"))
            .variable("APP_KEY", APP_KEY)
            .variable("APP_URL", &url)
            .variable("DATABASE_URL", &trial.place.database_url)
            .variable("REDIS_URL", &trial.place.redis_url)
            .variable("REDIS_PREFIX", &trial.place.redis_prefix)
            .variable("LIMITER_STORE", "memory")
            .variable("COOKIE_SECURE", "false");
        Api::start(launch, url).await
    }
}

async fn execute(postgres: &Postgres, statements: &str) -> Result<()> {
    let mut conn = AsyncPgConnection::establish(&postgres.url("postgres")).await?;
    for statement in statements.split(';') {
        // One by one: CREATE DATABASE is not for a transaction.
        conn.batch_execute(statement).await?;
    }
    Ok(())
}
