//! One run of a scenario: its database, mail server and programs.

use std::collections::HashSet;
use std::ffi::OsString;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rubis_devkit::{Launch, Process, ports};
use rubis_inbox::{Behaviour, Inbox, InboxSettings, MailQuery};
use rubis_jobs::Queue;
use rubis_kernel::{Clock as _, SystemClock};
use rubis_runtime::WorkerSettings;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{Evidence, audit};
use crate::database::job_of;
use crate::{Database, Due, Expected, Report, SeededOrganization};

/// Ahead of the clock by this, the reconciliation compares rows of any age.
const NOTHING_IS_TOO_YOUNG: time::Duration = time::Duration::minutes(3);

/// Time from dating the reminders to their date, in which the workers start.
pub(crate) const LEAD: Duration = Duration::from_secs(3);

const START_LIMIT: Duration = Duration::from_secs(20);

/// Longer than the grace that a worker gives its jobs.
pub const STOP_LIMIT: Duration = Duration::from_secs(30);

const BURST_LIMIT: Duration = Duration::from_secs(45);

/// Mails that the mail server keeps: more than any run sends.
const KEPT_MAILS: usize = 500_000;

pub const APP_KEY: &str = "the-key-of-fault-scenarios-is-no-secret";

#[derive(Clone, Debug)]
pub struct RunSetup {
    /// Name of the scenario and of its log.
    pub name: String,
    /// The database, which is migrated and filled.
    pub database_url: String,
    /// Redis, or an address without one.
    pub redis_url: String,
    /// Prefix of every key in Redis.
    pub redis_prefix: String,
    /// The program that is a worker, and its arguments.
    pub worker: (PathBuf, Vec<OsString>),
    pub logs: PathBuf,
    pub organizations: Vec<SeededOrganization>,
}

/// One run of a scenario: its database, mail server and programs.
pub struct ScenarioRun {
    pub setup: RunSetup,
    pub database: Database,
    pub inbox: Inbox,
    pub due: Vec<Due>,
}

impl ScenarioRun {
    /// Begins with a mail server that accepts every mail, and nothing due.
    pub async fn begin(setup: RunSetup) -> Result<Self> {
        let inbox = Inbox::start(InboxSettings { keep: KEPT_MAILS, ..InboxSettings::default() }).await?;
        let database = Database::new(&setup.database_url)?;
        Ok(Self { setup, database, inbox, due: Vec::new() })
    }

    pub fn now(&self) -> OffsetDateTime {
        SystemClock.now()
    }

    pub async fn make_due(&mut self, count: usize) -> Result<()> {
        self.due = self.database.make_due(None, Some(count), self.now() + LEAD).await?;
        ensure!(self.due.len() == count, "there are {} reminders of {count}", self.due.len());
        Ok(())
    }

    /// At most `count` of the due reminders, evenly spaced.
    pub fn some(&self, count: usize) -> Vec<Due> {
        let step = (self.due.len() / count.max(1)).max(1);
        self.due.iter().step_by(step).take(count).cloned().collect()
    }

    /// Makes the mail server misbehave, from its next command on.
    pub fn misbehave(&self, behaviour: Behaviour) -> Result<()> {
        Ok(self.inbox.set_behaviour(behaviour)?)
    }

    /// A worker with the addresses of the run.
    pub fn worker(&self) -> WorkerLaunch {
        let (program, arguments) = &self.setup.worker;
        let launch = Launch::new("rubis-worker", program)
            .arguments(arguments)
            .directory(&self.setup.logs)
            .log(self.log())
            .environment(self.worker_environment());
        WorkerLaunch(launch)
    }

    pub(crate) fn worker_environment(&self) -> [(&'static str, String); 11] {
        let RunSetup { database_url, redis_url, redis_prefix, .. } = &self.setup;
        let smtp = self.inbox.smtp_addr();
        [
            ("APP_KEY", APP_KEY.to_owned()),
            ("DATABASE_URL", database_url.clone()),
            ("REDIS_URL", redis_url.clone()),
            ("REDIS_PREFIX", redis_prefix.clone()),
            ("MAIL_DRIVER", "smtp".to_owned()),
            ("MAIL_FROM_ADDRESS", "relances@rubis.example".to_owned()),
            ("MAIL_FROM_NAME", "Rubis".to_owned()),
            ("SMTP_HOST", smtp.ip().to_string()),
            ("SMTP_PORT", smtp.port().to_string()),
            ("SMTP_TLS", "none".to_owned()),
            ("LOG_LEVEL", "info".to_owned()),
        ]
    }

    pub fn two_workers(&self) -> Result<[Process; 2]> {
        self.worker().start_two()
    }

    /// The log of the programs.
    pub fn log(&self) -> PathBuf {
        self.setup.logs.join(format!("{}.log", self.setup.name))
    }

    pub fn database_address(&self) -> Result<SocketAddr> {
        let after = self.setup.database_url.rsplit_once('@').context("the database URL has no user")?.1;
        Ok(after.split('/').next().unwrap_or_default().parse()?)
    }

    pub fn database_through(&self, port: u16) -> Result<String> {
        let direct = self.database_address()?.port();
        Ok(self.setup.database_url.replacen(&format!(":{direct}/"), &format!(":{port}/"), 1))
    }

    pub async fn mails(&self, count: usize) -> Result<()> {
        let mails = self.inbox.wait_for(&MailQuery::default(), count, BURST_LIMIT).await;
        ensure!(mails.len() >= count, "{} of {count} mails arrived within {BURST_LIMIT:?}", mails.len());
        Ok(())
    }

    /// Waits until half of the reminders have arrived.
    pub async fn burst(&self) -> Result<()> {
        self.mails(self.due.len() / 2).await
    }

    pub async fn being_sent(&self) -> Result<HashSet<Uuid>> {
        let running: HashSet<String> = self.database.running().await?.into_iter().collect();
        let tasks = self.due.iter().map(|reminder| reminder.task);
        Ok(tasks.filter(|task| running.contains(&job_of(*task))).collect())
    }

    /// Waits until no job of these reminders is left; returns false after `within`.
    pub async fn over(&self, reminders: &HashSet<Uuid>, within: Duration) -> Result<bool> {
        let jobs: Vec<String> = reminders.iter().map(|task| job_of(*task)).collect();
        self.database.quiet(Some(&jobs), within).await
    }

    /// The longest time without a mail until the last one, which does not depend on the speed of this machine.
    pub fn longest_silence(&self, since: OffsetDateTime) -> Duration {
        let mails = self.inbox.messages();
        let (mut last, mut longest) = (since, time::Duration::ZERO);
        for at in mails.iter().map(|mail| mail.summary.received_at).filter(|at| *at > since) {
            longest = longest.max(at - last);
            last = at;
        }
        Duration::try_from(longest).unwrap_or_default()
    }

    /// Compares what should have been sent with what arrived. All must be quiet.
    pub async fn report(&self, expected: &Expected) -> Result<Report> {
        let evidence = Evidence {
            due: &self.due,
            mails: &self.inbox.messages(),
            endings: &self.database.endings().await?,
            counters: self.database.counters().await?,
            jobs_left: &self.database.jobs_left().await?,
        };
        let mut report = audit(&evidence, expected);
        self.reconcile(&mut report).await?;
        Ok(report)
    }

    /// Compares everything that waits with the jobs that it waits for: nothing may differ, whatever broke.
    pub async fn reconcile(&self, report: &mut Report) -> Result<()> {
        let mut conn = self.database.pool.get().await?;
        let now = rubis_jobs::database_now(&mut conn, None).await? + NOTHING_IS_TOO_YOUNG;
        for finding in rubis_lifecycle::reconcile_everything(&mut conn, now).await? {
            let (kind, id) = (finding.kind.as_str(), finding.id);
            report.expect(false, format!("the reconciliation found {kind}: {id}"));
        }
        Ok(())
    }
}

/// A worker to start, with the addresses of the run unless a scenario sets others.
#[derive(Clone, Debug)]
pub struct WorkerLaunch(Launch);

impl WorkerLaunch {
    pub fn set(self, key: &str, value: impl Into<OsString>) -> Self {
        Self(self.0.environment([(key, value)]))
    }

    /// Starts it, and returns when it serves.
    pub fn start(&self) -> Result<Process> {
        let metrics = format!("127.0.0.1:{}", ports::any()?);
        let mut process = self.0.clone().environment([("METRICS_ADDR", &metrics)]).start()?;
        process.wait_until(START_LIMIT, || TcpStream::connect(&metrics).is_ok())?;
        Ok(process)
    }

    pub(crate) fn start_two(&self) -> Result<[Process; 2]> {
        Ok([self.start()?, self.start()?])
    }
}

/// Runs as `rubis-worker` does, for tests that run before that program is built.
pub async fn serve_as_worker() -> Result<()> {
    let settings = WorkerSettings::load()?;
    let process = rubis_composition::Process::start("rubis-worker", &settings.process).await?;
    Ok(rubis_worker::serve(&settings, Queue::ALL, process).await?)
}
