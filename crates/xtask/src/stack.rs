//! The whole product on this machine: PostgreSQL, Redis, the inbox, Stripe's fake, the API and the worker.

mod ports;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::cargo;
use crate::guard::StopSignal;
use crate::http::Client;
use crate::processes::{Guarded, Launch, output_of};
use crate::servers::{Durability, Postgres, Programs, Redis, Roles};
use crate::stripe::{self, Stripe};
use crate::terminal::step_with;
use crate::workspace::{self, root};

pub use ports::Ports;

const DATABASE: &str = "rubis";

/// How long a program may take to answer that it is ready.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long after a check-in its links are taken for opened by a machine: as in production.
pub const QUIET: Duration = Duration::from_secs(10);

/// What cargo shows while it builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// Its own progress.
    Progress,
    /// Errors and warnings.
    ErrorsOnly,
}

/// Where cargo leaves our programs.
pub struct Binaries {
    /// `rubis-api`.
    pub api: PathBuf,
    /// `rubis-worker`.
    pub worker: PathBuf,
    /// `rubis-inbox`.
    pub inbox: PathBuf,
    /// `rubis-stripe-fake`.
    pub stripe: PathBuf,
}

impl Binaries {
    /// Builds them.
    ///
    /// It is always the whole workspace: naming packages would give libraries other features than the tests have,
    /// and compile most of them once more.
    ///
    /// # Errors
    /// When the build fails; cargo has said why.
    pub fn build(report: Report) -> Result<Self> {
        let mut arguments = vec!["build", "--workspace", "--bins"];
        if report == Report::ErrorsOnly {
            arguments.push("--quiet");
        }
        if !cargo::launch(arguments).start()?.wait()?.success() {
            bail!("the build fails");
        }
        let directory = cargo::target_folder()?;
        Ok(Self {
            api: directory.join("rubis-api"),
            worker: directory.join("rubis-worker"),
            inbox: directory.join("rubis-inbox"),
            stripe: directory.join("rubis-stripe-fake"),
        })
    }
}

/// Where a stack keeps its data and its logs, and how dearly; and who plays Stripe there.
pub struct Place<'a> {
    /// The servers' data is below it.
    pub data: &'a Path,
    /// One log a program.
    pub logs: &'a Path,
    /// Whether the data matters.
    pub durability: Durability,
    /// Who plays Stripe.
    pub stripe: Stripe,
}

/// What a person or a program reaches, as URLs.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Addresses {
    /// Scheme, host and port of the API.
    pub api: String,
    /// The inbox page, and its JSON.
    pub inbox: String,
    /// Stripe's fake: its API and its pages. None where Stripe itself is used.
    pub stripe: Option<String>,
    /// Prometheus metrics of the API.
    pub api_metrics: String,
    /// Prometheus metrics of the worker.
    pub worker_metrics: String,
    /// For psql: with the role that owns the schema.
    pub database: String,
    /// For redis-cli.
    pub redis: String,
}

/// Everything, running. Dropping it stops the programs in this order.
pub struct Stack {
    api: Guarded,
    worker: Guarded,
    stripe: Option<Guarded>,
    inbox: Guarded,
    redis: Redis,
    postgres: Postgres,
    /// Where to find it.
    pub addresses: Addresses,
}

impl Stack {
    /// Starts everything, migrates the database, and waits until the API says that it is ready.
    ///
    /// # Errors
    /// When a part does not start, with the end of its log; what had started is stopped again.
    pub fn start(binaries: &Binaries, programs: &Programs, place: &Place<'_>, ports: &Ports) -> Result<Self> {
        Self::start_with(binaries, programs, place, ports, &[])
    }

    /// As [`Stack::start`], with further settings of both programs.
    ///
    /// # Errors
    /// As [`Stack::start`].
    pub fn start_with(
        binaries: &Binaries,
        programs: &Programs,
        place: &Place<'_>,
        ports: &Ports,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let log = |name: &str| place.logs.join(format!("{name}.log"));
        let roles = Roles {
            owner: secret(place.data, "owner_password")?,
            program: secret(place.data, "program_password")?,
        };
        let on_port = |port: u16| Some(format!("port {port}"));
        let postgres = step_with(
            &format!("PostgreSQL {}", programs.postgres_version),
            || {
                let server = Postgres::start(
                    &programs.postgres,
                    &place.data.join("postgres"),
                    &log("postgres"),
                    ports.postgres,
                    place.durability,
                )?;
                server.create_database(DATABASE)?;
                roles.create(&server, DATABASE)?;
                Ok(server)
            },
            |server| on_port(server.port()),
        )?;
        let redis = step_with(
            "Redis",
            || Redis::start(&programs.redis, &log("redis"), ports.redis),
            |server| on_port(server.port()),
        )?;
        let addresses = Addresses {
            api: format!("http://localhost:{}", ports.api),
            inbox: format!("http://localhost:{}", ports.inbox),
            stripe: (place.stripe == Stripe::Fake).then(|| format!("http://localhost:{}", ports.stripe)),
            api_metrics: format!("http://localhost:{}/metrics", ports.api_metrics),
            worker_metrics: format!("http://localhost:{}/metrics", ports.worker_metrics),
            database: roles.owner_url(&postgres, DATABASE),
            redis: redis.url(),
        };
        let mut environment = environment(place, ports, &addresses)?;
        environment.push(("DATABASE_URL".to_owned(), roles.program_url(&postgres, DATABASE)));
        environment.extend(settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        step_with(
            "migrations",
            || {
                output_of(
                    Command::new(&binaries.api)
                        .arg("migrate")
                        .envs(environment.clone())
                        .env("MIGRATE_DATABASE_URL", &addresses.database)
                        .env("PG_PROGRAM_ROLE", Roles::PROGRAM)
                        .current_dir(root()),
                )
                .with_context(|| {
                    format!("the migrations fail; `rm -r {}` starts afresh", place.data.display())
                })
            },
            |_| None,
        )?;
        let inbox = step_with(
            "inbox",
            || {
                let smtp = format!("127.0.0.1:{}", ports.smtp);
                let http = format!("127.0.0.1:{}", ports.inbox);
                let mut inbox = Launch::new("rubis-inbox", &binaries.inbox)
                    .arguments(["--smtp", &smtp, "--http", &http])
                    .log(log("inbox"))
                    .start()?;
                wait_for(&mut inbox, &addresses.inbox, "/api/messages")?;
                Ok(inbox)
            },
            |_| Some(addresses.inbox.clone()),
        )?;
        let stripe = match &addresses.stripe {
            None => None,
            Some(address) => Some(step_with(
                "Stripe's fake",
                || {
                    let (api, log) = (format!("http://127.0.0.1:{}", ports.api), log("stripe"));
                    let fake = stripe::fake(&binaries.stripe, ports.stripe, &api, place.data, &log);
                    let mut fake = fake.start()?;
                    wait_for(&mut fake, address, "/")?;
                    Ok(fake)
                },
                |_| Some(address.clone()),
            )?),
        };
        let api = step_with(
            "api",
            || {
                let mut api = program("rubis-api", &binaries.api, &environment, &log("api"))
                    .environment([("METRICS_ADDR", format!("127.0.0.1:{}", ports.api_metrics))])
                    .start()?;
                wait_for(&mut api, &addresses.api, "/readyz")?;
                Ok(api)
            },
            |_| Some(addresses.api.clone()),
        )?;
        let worker = step_with(
            "worker",
            || {
                let mut worker = program("rubis-worker", &binaries.worker, &environment, &log("worker"))
                    .environment([("METRICS_ADDR", format!("127.0.0.1:{}", ports.worker_metrics))])
                    .start()?;
                wait_for(&mut worker, &addresses.worker_metrics, "")?;
                Ok(worker)
            },
            |_| None,
        )?;
        Ok(Self { api, worker, stripe, inbox, redis, postgres, addresses })
    }

    /// Looks whether everything still runs.
    ///
    /// # Errors
    /// When a part does not, with the end of its log.
    pub fn check(&mut self) -> Result<()> {
        self.postgres.check()?;
        self.redis.check()?;
        self.inbox.check()?;
        self.stripe.as_mut().map_or(Ok(()), Guarded::check)?;
        self.api.check()?;
        self.worker.check()
    }

    /// The ends of the logs that tell why a reminder did not leave.
    pub fn tails(&self) -> String {
        format!("the worker{}\nthe api{}", self.worker.tail(), self.api.tail())
    }
}

fn program(name: &str, path: &Path, environment: &[(String, String)], log: &Path) -> Launch {
    Launch::new(name, path)
        .environment(environment.iter().cloned())
        .directory(root())
        .log(log)
        .stop_with(StopSignal::Term, Duration::from_secs(20))
}

/// Waits until a GET is answered well.
fn wait_for(program: &mut Guarded, base: &str, path: &str) -> Result<()> {
    let client = Client::new(base);
    program.wait_until(START_LIMIT, || client.try_get(path).is_ok_and(|answer| answer.is_success()))
}

/// The settings that both programs read.
fn environment(place: &Place<'_>, ports: &Ports, addresses: &Addresses) -> Result<Vec<(String, String)>> {
    let settings = [
        ("HOST", "127.0.0.1".to_owned()),
        ("PORT", ports.api.to_string()),
        ("APP_KEY", secret(place.data, "app_key")?),
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
        ("SMTP_PORT", ports.smtp.to_string()),
        ("SMTP_TLS", "none".to_owned()),
        ("COOKIE_SECURE", "false".to_owned()),
        ("CHECKIN_QUIET_SECONDS", QUIET.as_secs().to_string()),
    ];
    let fake = format!("http://127.0.0.1:{}", ports.stripe);
    let settings = settings.into_iter().chain(place.stripe.settings(&fake));
    Ok(settings.map(|(key, value)| (key.to_owned(), value)).collect())
}

/// A secret of this stack, made once: tokens and passwords of the last run stay good.
fn secret(data: &Path, name: &str) -> Result<String> {
    let path = data.join(name);
    if let Ok(key) = fs::read_to_string(&path) {
        return Ok(key);
    }
    let key = workspace::random_hex(32)?;
    workspace::write_secret(&path, &key)?;
    Ok(key)
}
