//! The servers that all scenarios use in turn, and the database that each gets a copy of.

use anyhow::Result;
use rubis_devkit::RECOVERABLE;
use rubis_kernel::{Clock as _, SystemClock};

use crate::{Api, Options, RunSetup, ScenarioRun, SeededOrganization, Servers, seed};

/// The database that every run gets a copy of.
const TEMPLATE: &str = "template_of_runs";

/// Connections that fill the template.
const SEEDING_CONNECTIONS: u32 = 8;

/// Organizations of every run.
pub const ORGANIZATIONS: usize = 20;

/// The servers, and the organizations of the template.
pub struct Environment {
    /// The servers.
    pub servers: Servers,
    /// `libfaketime.so`, if there is one.
    pub faketime: Option<std::path::PathBuf>,
    organizations: Vec<SeededOrganization>,
    runs: u32,
}

impl Environment {
    /// Starts the servers and fills the template with 20 organizations and this many reminders.
    pub async fn open(options: Options, reminders: usize) -> Result<Self> {
        let servers = Servers::start(&options.paths, RECOVERABLE)?;
        let url = servers.database(TEMPLATE).await?;
        let pool = rubis_db::connect(&url, SEEDING_CONNECTIONS)?;
        let each = reminders.div_ceil(ORGANIZATIONS);
        let organizations = seed(&pool, ORGANIZATIONS, each, SystemClock.now()).await?;
        Ok(Self { servers, faketime: options.faketime, organizations, runs: 0 })
    }

    /// Begins a run with a database of its own, in which this many reminders are due in a moment.
    pub async fn run(&mut self, name: &str, due: usize) -> Result<ScenarioRun> {
        self.runs += 1;
        let mut run = ScenarioRun::begin(RunSetup {
            name: name.to_owned(),
            database_url: self.servers.copy(TEMPLATE, &format!("run_{}", self.runs))?,
            redis_url: self.servers.redis.url(),
            redis_prefix: format!("chaos-{}", self.runs),
            worker: (self.servers.paths.worker.clone(), Vec::new()),
            logs: self.servers.paths.logs.clone(),
            organizations: self.organizations.clone(),
        })
        .await?;
        run.make_due(due).await?;
        Ok(run)
    }

    /// Starts the API over the database of a run.
    pub fn api(&self, run: &ScenarioRun) -> Result<Api> {
        // Scenarios are about thousands of invoices, not about the limits of a plan.
        let settings = [
            ("BILLING_FREE_INVOICES", "unlimited"),
            ("REDIS_PREFIX", run.setup.redis_prefix.as_str()),
            ("LIMITER_STORE", "memory"),
        ];
        self.servers.api(&run.setup.name, &run.setup.database_url, &settings)
    }
}
