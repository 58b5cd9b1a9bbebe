//! One scenario's own database, mail server and programs.

use std::{collections::HashSet, ffi::OsString, path::PathBuf, time::Duration};

use anyhow::{Result, ensure};
use rubis_inbox::{Behaviour, Inbox, InboxSettings, MailQuery};
use rubis_kernel::{Clock as _, SystemClock};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Database, Expected, Report, SeededOrganization, WorkerLaunch,
    audit::{Evidence, audit},
    database::{Reminder, job_of},
};

/// Ahead of the clock by this, the reconciliation compares rows of any age.
const NOTHING_IS_TOO_YOUNG: time::Duration = time::Duration::minutes(3);

/// From the moment that the reminders get their date to that date: time to start the workers.
pub(crate) const LEAD: Duration = Duration::from_secs(3);

/// How long the beginning of a burst is waited for.
const BURST_LIMIT: Duration = Duration::from_secs(45);

/// Mails that the mail server keeps: more than any trial sends.
const KEPT_MAILS: usize = 500_000;

/// The secret of all programs.
pub const APP_KEY: &str = "the-key-of-fault-trials-is-no-secret-at-all";

/// What a trial needs to be held.
#[derive(Clone, Debug)]
pub struct TrialPlace {
    /// What the scenario is called; its logs bear that name.
    pub name: String,
    /// The database, which is migrated and filled.
    pub database_url: String,
    /// Redis, or where none is.
    pub redis_url: String,
    /// What every key in Redis begins with.
    pub redis_prefix: String,
    /// The program that is a worker, and its arguments.
    pub worker: (PathBuf, Vec<OsString>),
    /// Where logs go.
    pub logs: PathBuf,
    /// What was put into the database.
    pub organizations: Vec<SeededOrganization>,
}

/// One scenario's own database, mail server and programs.
pub struct Trial {
    /// Where it is held.
    pub place: TrialPlace,
    /// Its database.
    pub database: Database,
    /// Its mail server.
    pub inbox: Inbox,
    /// The reminders that are due together.
    pub due: Vec<Reminder>,
    /// When they are.
    pub due_at: OffsetDateTime,
}

impl Trial {
    /// Begins: a mail server that takes every mail, and nothing due.
    ///
    /// # Errors
    /// When the mail server cannot listen.
    pub async fn begin(place: TrialPlace) -> Result<Self> {
        let inbox = Inbox::start(InboxSettings { keep: KEPT_MAILS, ..InboxSettings::default() }).await?;
        let database = Database::new(&place.database_url)?;
        Ok(Self { place, database, inbox, due: Vec::new(), due_at: SystemClock.now() })
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        SystemClock.now()
    }

    /// Makes this many reminders due together, in a moment.
    ///
    /// # Errors
    /// When there are not as many.
    pub async fn make_due(&mut self, count: usize) -> Result<()> {
        self.due_at = self.now() + LEAD;
        self.due = self.database.make_due(count, self.due_at).await?;
        ensure!(self.due.len() == count, "there are {} reminders of {count}", self.due.len());
        Ok(())
    }

    /// Every how many-th of the reminders that are due, at most `count`.
    #[must_use]
    pub fn some(&self, count: usize) -> Vec<Reminder> {
        let step = (self.due.len() / count.max(1)).max(1);
        self.due.iter().step_by(step).take(count).cloned().collect()
    }

    /// Makes the mail server misbehave, from its next command on.
    ///
    /// # Errors
    /// When the behaviour makes no sense.
    pub fn misbehave(&self, behaviour: Behaviour) -> Result<()> {
        Ok(self.inbox.set_behaviour(behaviour)?)
    }

    /// A worker with the trial's addresses.
    #[must_use]
    pub fn worker(&self) -> WorkerLaunch {
        let smtp = self.inbox.smtp_addr();
        let variables = [
            ("APP_KEY", APP_KEY.to_owned()),
            ("DATABASE_URL", self.place.database_url.clone()),
            ("REDIS_URL", self.place.redis_url.clone()),
            ("REDIS_PREFIX", self.place.redis_prefix.clone()),
            ("MAIL_DRIVER", "smtp".to_owned()),
            ("MAIL_FROM_ADDRESS", "relances@rubis.example".to_owned()),
            ("MAIL_FROM_NAME", "Rubis".to_owned()),
            ("SMTP_HOST", smtp.ip().to_string()),
            ("SMTP_PORT", smtp.port().to_string()),
            ("SMTP_TLS", "none".to_owned()),
            ("LOG_LEVEL", "info".to_owned()),
        ];
        WorkerLaunch::new(
            self.place.worker.clone(),
            variables.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect(),
            self.place.logs.clone(),
            self.log(),
        )
    }

    /// The log of the trial's programs.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.place.logs.join(format!("{}.log", self.place.name))
    }

    /// Waits until as many mails have arrived: the burst has begun.
    ///
    /// # Errors
    /// When they have not in time.
    pub async fn mails(&self, count: usize) -> Result<()> {
        let mails = self.inbox.wait_for(&MailQuery::default(), count, BURST_LIMIT).await;
        ensure!(mails.len() >= count, "{} of {count} mails arrived within {BURST_LIMIT:?}", mails.len());
        Ok(())
    }

    /// The burst is in full swing: half of the reminders have arrived.
    ///
    /// # Errors
    /// When they have not in time.
    pub async fn burst(&self) -> Result<()> {
        self.mails(self.due.len() / 2).await
    }

    /// The reminders whose jobs workers hold.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn being_sent(&self) -> Result<HashSet<Uuid>> {
        let running: HashSet<String> = self.database.running().await?.into_iter().collect();
        Ok(self
            .due
            .iter()
            .map(|reminder| reminder.task)
            .filter(|task| running.contains(&job_of(*task)))
            .collect())
    }

    /// Waits until no job of these reminders is left; says whether that came in time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn over(&self, reminders: &HashSet<Uuid>, within: Duration) -> Result<bool> {
        let jobs: Vec<String> = reminders.iter().map(|task| job_of(*task)).collect();
        self.database.quiet(Some(&jobs), within).await
    }

    /// The longest time without a mail, from an instant to the last mail. Unlike the time until the
    /// last one, it does not depend on how fast this machine is.
    #[must_use]
    pub fn longest_silence(&self, since: OffsetDateTime) -> Duration {
        let mails = self.inbox.messages();
        let mut last = since;
        let mut longest = time::Duration::ZERO;
        for at in mails.iter().map(|mail| mail.summary.received_at).filter(|at| *at > since) {
            longest = longest.max(at - last);
            last = at;
        }
        Duration::try_from(longest).unwrap_or_default()
    }

    /// Compares what should have been sent with what arrived. Call it when all is quiet.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn report(&self, expected: &Expected) -> Result<Report> {
        let (endings, counters) = (self.database.endings().await?, self.database.counters().await?);
        let jobs_left = self.database.jobs_left().await?;
        let mails = self.inbox.messages();
        let mut report = audit(
            &Evidence {
                due_at: self.due_at,
                due: &self.due,
                mails: &mails,
                endings: &endings,
                counters,
                jobs_left: &jobs_left,
            },
            expected,
        );
        self.reconcile(&mut report).await?;
        Ok(report)
    }

    /// Compares everything that waits with the jobs that it waits for: whatever broke, nothing may differ.
    ///
    /// # Errors
    /// If the database does not answer.
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
