//! The whole product on this machine: PostgreSQL, Redis, the inbox, Stripe's fake, the API and the worker.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rubis_devkit::http::Client;
use rubis_devkit::supervisor::StopSignal;
use rubis_devkit::workspace::{self, RunDirectory, private, root};
use rubis_devkit::{Cluster, DISPOSABLE, DURABLE, Launch, Postgres, Process, Redis, UTF_8, output_of, ports};

use crate::cargo::{self, Output};
use crate::servers::{Programs, Roles};
use crate::stripe::{self, Stripe};
use crate::terminal::{noisy_step, step_with};

const DATABASE: &str = "rubis";

const START_LIMIT: Duration = Duration::from_secs(60);

/// Time after a check-in in which its links are attributed to a mail scanner: as in production.
pub const QUIET: Duration = Duration::from_secs(10);

/// Ports of a stack, all different.
struct Ports {
    postgres: u16,
    redis: u16,
    api: u16,
    api_metrics: u16,
    worker_metrics: u16,
    smtp: u16,
    inbox: u16,
    stripe: u16,
}

impl Ports {
    /// The ports of the documentation, each moved up if it is taken.
    fn preferred() -> Result<Self> {
        let api_metrics = ports::free_from(9464)?;
        Ok(Self {
            postgres: ports::free_from(5433)?,
            redis: ports::free_from(6380)?,
            api: ports::free_from(3333)?,
            api_metrics,
            worker_metrics: ports::free_from(api_metrics.saturating_add(1))?,
            smtp: ports::free_from(1025)?,
            inbox: ports::free_from(8025)?,
            stripe: ports::free_from(12111)?,
        })
    }

    /// Any free ports, for a stack that runs beside another one.
    fn any() -> Result<Self> {
        let [postgres, redis, api, api_metrics, worker_metrics, smtp, inbox, stripe] = ports::several()?;
        Ok(Self { postgres, redis, api, api_metrics, worker_metrics, smtp, inbox, stripe })
    }
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct Addresses {
    pub api: String,
    pub inbox: String,
    /// Stripe's fake: its API and its pages. `None` if Stripe itself is used.
    pub stripe: Option<String>,
    pub api_metrics: String,
    pub worker_metrics: String,
    /// For psql: with the role that owns the schema.
    pub database: String,
    pub redis: String,
}

/// Everything, running. Dropping it stops the programs in this order.
pub struct Stack {
    api: Process,
    worker: Process,
    stripe: Option<Process>,
    inbox: Process,
    redis: Redis,
    postgres: Postgres,
    pub addresses: Addresses,
    pub logs: PathBuf,
}

/// A stack whose data is removed with it.
pub struct TemporaryStack {
    pub stack: Stack,
    pub directory: RunDirectory,
}

impl TemporaryStack {
    /// Builds and starts a stack with an empty database, with further `settings` of both programs.
    pub fn start(name: &str, may_install: bool, settings: &[(&str, &str)]) -> Result<Self> {
        let (programs, binaries) = prepare(may_install)?;
        let directory = RunDirectory::create(name)?;
        let (data, logs, ports) = (directory.path(), private(&format!("logs/{name}"))?, Ports::any()?);
        // Never Stripe itself: no person is there to enter a card.
        let start = Start { binaries, programs, data, logs, stripe: Stripe::Fake, temporary: true, ports };
        Ok(Self { stack: start.run(settings)?, directory })
    }
}

fn prepare(may_install: bool) -> Result<(Programs, PathBuf)> {
    let programs = Programs::find(may_install)?;
    Ok((programs, noisy_step("building", || cargo::build(&["--bins"], Output::Progress))?))
}

impl Stack {
    /// Builds and starts a stack that keeps its data below `data`.
    pub fn durable(data: &Path, may_install: bool, stripe: Stripe) -> Result<Self> {
        let (programs, binaries) = prepare(may_install)?;
        let (logs, ports) = (data.join("logs"), Ports::preferred()?);
        Start { binaries, programs, data, logs, stripe, temporary: false, ports }.run(&[])
    }

    pub fn check(&mut self) -> Result<()> {
        self.postgres.check()?;
        self.redis.check()?;
        self.inbox.check()?;
        self.stripe.as_mut().map_or(Ok(()), Process::check)?;
        self.api.check()?;
        self.worker.check()
    }

    /// The ends of the logs that explain a missing reminder.
    pub fn tails(&self) -> String {
        format!("the worker{}\nthe api{}", self.worker.tail(), self.api.tail())
    }
}

struct Start<'a> {
    binaries: PathBuf,
    programs: Programs,
    data: &'a Path,
    logs: PathBuf,
    stripe: Stripe,
    temporary: bool,
    ports: Ports,
}

impl Start<'_> {
    /// Starts everything, migrates the database, and waits until all is ready.
    fn run(&self, settings: &[(&str, &str)]) -> Result<Stack> {
        let ports = &self.ports;
        let roles =
            Roles { owner: self.secret("owner_password")?, program: self.secret("program_password")? };
        let postgres = self.postgres(&roles)?;
        let redis = step_with(
            "Redis",
            || Redis::start(&self.programs.redis, &self.log("redis"), ports.redis, &[]),
            |_| Some(format!("port {}", ports.redis)),
        )?;
        let local = |port: u16| format!("http://localhost:{port}");
        let addresses = Addresses {
            api: local(ports.api),
            inbox: local(ports.inbox),
            stripe: (self.stripe == Stripe::Fake).then(|| local(ports.stripe)),
            api_metrics: format!("{}/metrics", local(ports.api_metrics)),
            worker_metrics: format!("{}/metrics", local(ports.worker_metrics)),
            database: roles.owner_url(&postgres, DATABASE),
            redis: redis.url(),
        };
        let mut environment = self.environment(&addresses)?;
        environment.push(("DATABASE_URL".to_owned(), roles.program_url(&postgres, DATABASE)));
        environment.extend(settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        step_with("migrations", || self.migrate(&environment, &addresses), |_| None)?;
        let inbox = Launch::new("rubis-inbox", self.binaries.join("rubis-inbox"))
            .arguments(["--smtp", &format!("127.0.0.1:{}", ports.smtp)])
            .arguments(["--http", &format!("127.0.0.1:{}", ports.inbox)])
            .log(self.log("inbox"));
        let inbox = ready("inbox", &inbox, &addresses.inbox, "/api/messages")?;
        let stripe = match &addresses.stripe {
            None => None,
            Some(address) => {
                let (program, api) = (self.binaries.join("rubis-stripe-fake"), numeric(&addresses.api));
                let fake = stripe::fake(&program, ports.stripe, &api, self.data, &self.log("stripe"));
                Some(ready("Stripe's fake", &fake, address, "/")?)
            }
        };
        let api = self.program("api", &environment, ports.api_metrics);
        let api = ready("api", &api, &addresses.api, "/readyz")?;
        let worker = self.program("worker", &environment, ports.worker_metrics);
        let worker = ready("worker", &worker, &addresses.worker_metrics, "")?;
        let logs = self.logs.clone();
        Ok(Stack { api, worker, stripe, inbox, redis, postgres, addresses, logs })
    }

    fn postgres(&self, roles: &Roles) -> Result<Postgres> {
        let start = || {
            let cluster = Cluster {
                programs: &self.programs.postgres,
                directory: &self.data.join("postgres"),
                log: &self.log("postgres"),
                settings: if self.temporary { DISPOSABLE } else { DURABLE },
                locale: UTF_8,
                temporary: self.temporary,
            };
            let server = Postgres::start(&cluster, self.ports.postgres)?;
            server.create_database(DATABASE)?;
            roles.create(&server, DATABASE)?;
            Ok(server)
        };
        let label = format!("PostgreSQL {}", self.programs.postgres_version);
        step_with(&label, start, |_| Some(format!("port {}", self.ports.postgres)))
    }

    fn migrate(&self, environment: &[(String, String)], addresses: &Addresses) -> Result<String> {
        let migrated = output_of(
            Command::new(self.binaries.join("rubis-api"))
                .arg("migrate")
                .envs(environment.iter().cloned())
                .env("MIGRATE_DATABASE_URL", &addresses.database)
                .env("PG_PROGRAM_ROLE", Roles::PROGRAM)
                .current_dir(root()),
        );
        migrated
            .with_context(|| format!("the migrations fail; `rm -r {}` starts afresh", self.data.display()))
    }

    fn program(&self, name: &str, environment: &[(String, String)], metrics: u16) -> Launch {
        let full = format!("rubis-{name}");
        Launch::new(&full, self.binaries.join(&full))
            .environment(environment.iter().cloned())
            .environment([("METRICS_ADDR", format!("127.0.0.1:{metrics}"))])
            .directory(root())
            .log(self.log(name))
            .stop_with(StopSignal::Term, Duration::from_secs(20))
    }

    /// An empty log.
    fn log(&self, name: &str) -> PathBuf {
        let path = self.logs.join(format!("{name}.log"));
        let _ = fs::remove_file(&path);
        path
    }

    fn environment(&self, addresses: &Addresses) -> Result<Vec<(String, String)>> {
        let settings = [
            ("HOST", "127.0.0.1".to_owned()),
            ("PORT", self.ports.api.to_string()),
            ("APP_KEY", self.secret("app_key")?),
            ("APP_URL", addresses.api.clone()),
            // The API's own, so that it shows the page to which the links of check-ins lead.
            ("WEB_URL", addresses.api.clone()),
            ("CORS_ORIGIN", "http://localhost:5173".to_owned()),
            ("LOG_LEVEL", "info".to_owned()),
            ("REDIS_URL", addresses.redis.clone()),
            ("MAIL_DRIVER", "smtp".to_owned()),
            ("MAIL_FROM_ADDRESS", "relances@rubis.example".to_owned()),
            ("MAIL_FROM_NAME", "Rubis".to_owned()),
            ("SMTP_HOST", "127.0.0.1".to_owned()),
            ("SMTP_PORT", self.ports.smtp.to_string()),
            ("SMTP_TLS", "none".to_owned()),
            ("COOKIE_SECURE", "false".to_owned()),
            ("CHECKIN_QUIET_SECONDS", QUIET.as_secs().to_string()),
        ];
        let fake = format!("http://127.0.0.1:{}", self.ports.stripe);
        let settings = settings.into_iter().chain(self.stripe.settings(&fake));
        Ok(settings.map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// A secret of this stack, created once: tokens and passwords of the last run stay valid.
    fn secret(&self, name: &str) -> Result<String> {
        let path = self.data.join(name);
        if let Ok(key) = fs::read_to_string(&path) {
            return Ok(key);
        }
        let key = workspace::random_hex(32)?;
        workspace::write_secret(&path, &key)?;
        Ok(key)
    }
}

/// Starts a program and waits until it responds to a GET with 2xx.
fn ready(label: &str, launch: &Launch, base: &str, path: &str) -> Result<Process> {
    let start = || {
        let (client, mut process) = (Client::new(base), launch.start()?);
        process
            .wait_until(START_LIMIT, || client.try_get(path).is_ok_and(|response| response.is_success()))?;
        Ok(process)
    };
    step_with(label, start, |_| Some(base.to_owned()).filter(|_| label != "worker"))
}

/// The address with the number of the host: some clients look `localhost` up as IPv6 first, where nothing listens.
pub fn numeric(address: &str) -> String {
    address.replacen("localhost", "127.0.0.1", 1)
}
