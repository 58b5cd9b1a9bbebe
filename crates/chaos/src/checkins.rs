//! Check-ins that come due together, and their records in the database.

mod audit;

use std::collections::HashSet;

use anyhow::{Context as _, Result, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use rubis_checkins::{CheckinAnswer, CheckinRules, KEY_PURPOSE, token_of};
use rubis_invoices::InvoiceScope;
use rubis_kernel::{AppKey, OrganizationId, PurposeKey};
use rubis_lifecycle::{
    AnsweredBy, CheckinOutcome, CheckinState, PlanAgainProgress, answer_checkin, plan_page_again,
    read_checkin,
};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::database::{array, instant};
use crate::run::{APP_KEY, LEAD};
use crate::seed::{AT_ONCE, set_checkins};
use crate::{Due, Expected, Report, ScenarioRun};
use audit::{Evidence, audit};

/// The time between the dates of one organization and the next. Those of one organization share a mail.
const BETWEEN_ORGANIZATIONS: Duration = Duration::milliseconds(300);

/// Number of check-ins that are answered at the end, to show that a link does more than open.
const ANSWERED: usize = 20;

#[derive(Clone, Debug, Deserialize)]
struct Ending {
    task: Uuid,
    status: String,
    reason: Option<String>,
    /// The mail that asked it.
    mail: Option<Uuid>,
    /// A mail with its links was written.
    is_written: bool,
    /// Number of events about its mail.
    told: i64,
    /// Its links will end.
    will_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Unknown,
    /// It is that of another check-in.
    Foreign,
    Is(CheckinState),
}

pub struct Checkins<'a> {
    run: &'a ScenarioRun,
    key: PurposeKey,
    /// Organization by organization, in the order in which they are due.
    pub due: Vec<Due>,
}

impl<'a> Checkins<'a> {
    /// Makes this many check-ins due in a moment, one organization after another, so that the burst lasts.
    pub async fn make_due(run: &'a ScenarioRun, count: usize) -> Result<Self> {
        Self::make(run, count, LEAD, BETWEEN_ORGANIZATIONS).await
    }

    /// As [`Checkins::make_due`], but all at the very same instant, after this time.
    pub async fn make_due_at_once(
        run: &'a ScenarioRun,
        count: usize,
        lead: std::time::Duration,
    ) -> Result<Self> {
        Self::make(run, count, lead, Duration::ZERO).await
    }

    async fn make(
        run: &'a ScenarioRun,
        count: usize,
        lead: std::time::Duration,
        between: Duration,
    ) -> Result<Self> {
        let organizations = run.setup.organizations.iter();
        let planning = organizations.map(|one| plan(run.database.clone(), one.id, run.now()));
        stream::iter(planning).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        let key = APP_KEY.parse::<AppKey>()?.derive(KEY_PURPOSE);
        let due = move_dates(run, count, run.now() + lead, between).await?;
        ensure!(due.len() == count, "there are {} check-ins of {count}", due.len());
        Ok(Self { run, key, due })
    }

    /// Waits until mails of a third of the organizations have arrived: the burst has begun.
    pub async fn burst(&self) -> Result<()> {
        self.run.mails(self.run.setup.organizations.len().div_ceil(3)).await
    }

    /// The jobs about check-ins that are in flight, and the mails that those send.
    pub async fn held(&self) -> Result<(Vec<String>, HashSet<Uuid>)> {
        let jobs = self.run.database.running().await?;
        let mails = jobs.iter().filter_map(|job| job.strip_prefix("checkin-mail:")?.parse().ok()).collect();
        Ok((jobs, mails))
    }

    /// Compares what should have been asked with what arrived, and looks every link up. All must be quiet.
    pub async fn report(&self, expected: &Expected) -> Result<Report> {
        let mut links = Vec::new();
        for due in &self.due {
            links.push(self.look_up(due).await?);
        }
        let tokens: Vec<String> = self.due.iter().map(|due| self.token(due)).collect();
        let evidence = Evidence {
            due: &self.due,
            tokens: &tokens,
            mails: &self.run.inbox.messages(),
            endings: &self.endings().await?,
            links: &links,
            jobs_left: &self.run.database.jobs_left().await?,
        };
        let mut report = audit(&evidence, expected);
        self.run.reconcile(&mut report).await?;
        self.answer_some(&links, &mut report).await?;
        Ok(report)
    }

    fn token(&self, due: &Due) -> String {
        token_of(&self.key, due.task.into())
    }

    async fn look_up(&self, due: &Due) -> Result<Link> {
        let mut conn = self.run.database.pool.get().await?;
        let view =
            read_checkin(&mut conn, &self.token(due), &CheckinRules::default(), self.run.now()).await?;
        Ok(match view {
            None => Link::Unknown,
            Some(view) if view.checkin.id.as_uuid() != due.task => Link::Foreign,
            Some(view) => Link::Is(view.checkin.state),
        })
    }

    /// Answers a few of those that can be answered, by their tokens.
    async fn answer_some(&self, links: &[Link], report: &mut Report) -> Result<()> {
        let open = self.due.iter().zip(links).filter(|(_, link)| **link == Link::Is(CheckinState::Open));
        let mut conn = self.run.database.pool.get().await?;
        for (due, _) in open.take(ANSWERED) {
            let by = AnsweredBy::Button { user_agent: "rubis-chaos".to_owned() };
            let (token, rules) = (self.token(due), CheckinRules::default());
            let answer = CheckinAnswer::StillPending;
            let outcome = answer_checkin(&mut conn, &token, answer, by, &rules, self.run.now()).await?;
            let is_right = outcome == CheckinOutcome::StillPending;
            report.expect(is_right, format!("the answer about {} was {outcome:?}", due.task));
        }
        Ok(())
    }

    async fn endings(&self) -> Result<Vec<Ending>> {
        let tasks = array(self.due.iter().map(|due| due.task));
        let query = format!(
            "SELECT task.id AS task, task.status, task.reason, task.mail_id AS mail,
                 task.token_hash IS NOT NULL AS is_written,
                 (
                     SELECT count(*) FROM activity_events AS event
                     WHERE event.invoice_id = task.invoice_id AND event.kind = 'checkin_sent'
                         AND event.meta->>'checkinId' = task.id::text
                 ) AS told,
                 EXISTS (SELECT 1 FROM jobs WHERE jobs.id = 'checkin-expiry:' || task.id) AS will_end
             FROM checkin_tasks AS task WHERE task.id = ANY({tasks})"
        );
        self.run.database.rows("", &query).await
    }
}

async fn plan(database: crate::Database, organization: OrganizationId, now: OffsetDateTime) -> Result<()> {
    let mut conn = database.pool.get().await?;
    set_checkins(&mut conn, organization, true, now).await?;
    let mut after = None;
    while let PlanAgainProgress::After(invoice) =
        plan_page_again(&mut conn, organization, InvoiceScope::All, after, now)
            .await
            .context("the check-ins cannot be planned")?
    {
        after = Some(invoice);
    }
    Ok(())
}

async fn move_dates(
    run: &ScenarioRun,
    count: usize,
    at: OffsetDateTime,
    between: Duration,
) -> Result<Vec<Due>> {
    let (at, between) = (instant(at)?, between.as_seconds_f64());
    let with = format!(
        "WITH numbered AS (
             SELECT id, row_number() OVER (PARTITION BY organization_id ORDER BY id) - 1 AS number,
                 dense_rank() OVER (ORDER BY organization_id) - 1 AS organization
             FROM checkin_tasks WHERE status = 'scheduled'
         ), chosen AS (
             SELECT id, {at} + organization * make_interval(secs => {between}) AS send_at
             FROM numbered ORDER BY number, id LIMIT {count}
         ), moved AS (
             UPDATE checkin_tasks SET send_at = chosen.send_at FROM chosen
             WHERE checkin_tasks.id = chosen.id RETURNING checkin_tasks.*
         ), moved_jobs AS (
             UPDATE jobs SET run_at = moved.send_at FROM moved WHERE jobs.id = 'checkin:' || moved.id
         )"
    );
    let query = "SELECT moved.id AS task, moved.organization_id AS organization, moved.invoice_id AS invoice,
             users.email AS recipient, moved.send_at
         FROM moved JOIN memberships AS member ON member.organization_id = moved.organization_id
         JOIN users ON users.id = member.user_id
         ORDER BY moved.organization_id, moved.send_at, moved.id";
    run.database.rows(&with, query).await
}
