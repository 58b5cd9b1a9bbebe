//! Check-ins that come due together, and what the database says became of them.

mod audit;

use std::collections::HashSet;

use anyhow::{Context as _, Result, ensure};
use diesel::sql_types::{Array, BigInt, Bool, Double, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use rubis_checkins::{CheckinAnswer, CheckinRules, KEY_PURPOSE, token_of};
use rubis_invoices::InvoiceScope;
use rubis_kernel::{AppKey, OrganizationId, PurposeKey};
use rubis_lifecycle::{
    AnsweredBy, CheckinOutcome, CheckinState, PlanAgainProgress, answer_checkin, plan_page_again,
    read_checkin,
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::run::{APP_KEY, LEAD};
use crate::seed::{AT_ONCE, set_checkins};
use crate::{Report, ScenarioRun};
use audit::{Evidence, audit};

pub use audit::ExpectedCheckins;

/// The time between the dates of one organization and the next. Those of one organization share a mail.
const BETWEEN_ORGANIZATIONS: Duration = Duration::milliseconds(300);

/// Number that is answered at the end, to see that a link does more than open.
const ANSWERED: usize = 20;

/// A check-in that is due in a run.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Question {
    /// Its task.
    #[diesel(sql_type = SqlUuid)]
    pub task: Uuid,
    /// Its organization.
    #[diesel(sql_type = SqlUuid)]
    pub organization: Uuid,
    /// The invoice it asks about.
    #[diesel(sql_type = SqlUuid)]
    pub invoice: Uuid,
    /// Address of the user it asks.
    #[diesel(sql_type = Text)]
    pub owner: String,
    /// Its date.
    #[diesel(sql_type = Timestamptz)]
    pub send_at: OffsetDateTime,
}

#[derive(Clone, Debug, QueryableByName)]
struct Ending {
    #[diesel(sql_type = SqlUuid)]
    task: Uuid,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    /// The mail that asked it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    mail: Option<Uuid>,
    /// A mail with its links was written.
    #[diesel(sql_type = Bool)]
    is_written: bool,
    /// Number of times the feed says that it was asked.
    #[diesel(sql_type = BigInt)]
    told: i64,
    /// Its links will end.
    #[diesel(sql_type = Bool)]
    will_end: bool,
}

/// Result of looking up a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Unknown,
    /// It is that of another check-in.
    Foreign,
    Is(CheckinState),
}

/// The check-ins of a run that are due together.
pub struct Checkins<'a> {
    run: &'a ScenarioRun,
    key: PurposeKey,
    /// Each of them, organization by organization in the order in which they are due.
    pub due: Vec<Question>,
}

impl<'a> Checkins<'a> {
    /// Turns the check-ins of every organization on, and makes this many due in a moment, of each
    /// organization as many as of the others: one organization after another, so that the burst lasts.
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

    /// The jobs about check-ins that workers hold, and the mails that those send.
    pub async fn held(&self) -> Result<(Vec<String>, HashSet<Uuid>)> {
        let jobs = self.run.database.running().await?;
        let mails = jobs.iter().filter_map(|job| job.strip_prefix("checkin-mail:")?.parse().ok()).collect();
        Ok((jobs, mails))
    }

    /// Compares what should have been asked with what arrived, and looks every link up. Call it when all is
    /// quiet.
    pub async fn report(&self, expected: &ExpectedCheckins) -> Result<Report> {
        let (endings, mut links) = (self.endings().await?, Vec::new());
        for question in &self.due {
            links.push(self.look_up(question).await?);
        }
        let tokens: Vec<String> = self.due.iter().map(|question| self.token(question)).collect();
        let (mails, jobs_left) = (self.run.inbox.messages(), self.run.database.jobs_left().await?);
        let evidence = Evidence {
            due: &self.due,
            tokens: &tokens,
            mails: &mails,
            endings: &endings,
            links: &links,
            jobs_left: &jobs_left,
        };
        let mut report = audit(&evidence, expected);
        self.run.reconcile(&mut report).await?;
        self.answer_some(&links, &mut report).await?;
        Ok(report)
    }

    fn token(&self, question: &Question) -> String {
        token_of(&self.key, question.task.into())
    }

    async fn look_up(&self, question: &Question) -> Result<Link> {
        let mut conn = self.run.database.pool.get().await?;
        let (token, rules) = (self.token(question), CheckinRules::default());
        let view = read_checkin(&mut conn, &token, &rules, self.run.now()).await?;
        Ok(match view {
            None => Link::Unknown,
            Some(view) if view.checkin.id.as_uuid() != question.task => Link::Foreign,
            Some(view) => Link::Is(view.checkin.state),
        })
    }

    /// Answers a few of those that can be answered, by their tokens.
    async fn answer_some(&self, links: &[Link], report: &mut Report) -> Result<()> {
        let open = self.due.iter().zip(links).filter(|(_, link)| **link == Link::Is(CheckinState::Open));
        let mut conn = self.run.database.pool.get().await?;
        for (question, _) in open.take(ANSWERED) {
            let by = AnsweredBy::Button { user_agent: "rubis-chaos".to_owned() };
            let (token, rules) = (self.token(question), CheckinRules::default());
            let answer = CheckinAnswer::StillPending;
            let outcome = answer_checkin(&mut conn, &token, answer, by, &rules, self.run.now()).await?;
            report.expect(
                outcome == CheckinOutcome::StillPending,
                format!("the answer about {} was {outcome:?}", question.task),
            );
        }
        Ok(())
    }

    async fn endings(&self) -> Result<Vec<Ending>> {
        let tasks: Vec<Uuid> = self.due.iter().map(|question| question.task).collect();
        self.run
            .database
            .ask(async |conn| {
                sql_query(
                    "SELECT task.id AS task, task.status::text AS status, task.reason, task.mail_id AS mail,
                         task.token_hash IS NOT NULL AS is_written,
                         (
                             SELECT count(*) FROM activity_events AS event
                             WHERE event.invoice_id = task.invoice_id AND event.kind = 'checkin_sent'
                                 AND event.meta->>'checkinId' = task.id::text
                         ) AS told,
                         EXISTS (SELECT 1 FROM jobs WHERE jobs.id = 'checkin-expiry:' || task.id) AS will_end
                     FROM checkin_tasks AS task WHERE task.id = ANY($1)",
                )
                .bind::<Array<SqlUuid>, _>(&tasks)
                .load(conn)
                .await
            })
            .await
    }
}

/// Turns the check-ins of an organization on, and plans those of all its invoices.
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
) -> Result<Vec<Question>> {
    let count = i64::try_from(count)?;
    run.database
        .ask(async |conn| {
            sql_query(
                "WITH numbered AS (
                     SELECT id, row_number() OVER (PARTITION BY organization_id ORDER BY id) - 1 AS number,
                         dense_rank() OVER (ORDER BY organization_id) - 1 AS organization
                     FROM checkin_tasks WHERE status = 'scheduled'
                 ), chosen AS (
                     SELECT id, $2 + organization * make_interval(secs => $3) AS send_at
                     FROM numbered ORDER BY number, id LIMIT $1
                 ), moved AS (
                     UPDATE checkin_tasks SET send_at = chosen.send_at FROM chosen
                     WHERE checkin_tasks.id = chosen.id RETURNING checkin_tasks.*
                 ), moved_jobs AS (
                     UPDATE jobs SET run_at = moved.send_at FROM moved WHERE jobs.id = 'checkin:' || moved.id
                 )
                 SELECT moved.id AS task, moved.organization_id AS organization, moved.invoice_id AS invoice,
                     users.email AS owner, moved.send_at
                 FROM moved JOIN memberships AS member ON member.organization_id = moved.organization_id
                 JOIN users ON users.id = member.user_id
                 ORDER BY moved.organization_id, moved.send_at, moved.id",
            )
            .bind::<BigInt, _>(count)
            .bind::<Timestamptz, _>(at)
            .bind::<Double, _>(between.as_seconds_f64())
            .load(conn)
            .await
        })
        .await
}
