//! Queries of a run, which wait for a database that is away.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection as _};
use rubis_db::{AsyncPgConnection, Pool};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// Time a question waits for a database that is away.
const PATIENCE: Duration = Duration::from_secs(30);

/// The time between two looks at the database.
const GLANCE: Duration = Duration::from_millis(100);

/// Connections of the scenario itself.
const POOL_SIZE: u32 = 6;

/// The database of a run.
#[derive(Clone)]
pub struct Database {
    /// Connections to it, past every proxy.
    pub pool: Pool,
}

/// A reminder that is due in a run.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Reminder {
    /// Its task.
    #[diesel(sql_type = SqlUuid)]
    pub task: Uuid,
    /// Its organization.
    #[diesel(sql_type = SqlUuid)]
    pub organization: Uuid,
    /// The invoice it is about.
    #[diesel(sql_type = SqlUuid)]
    pub invoice: Uuid,
    /// The client's address.
    #[diesel(sql_type = Text)]
    pub recipient: String,
}

impl Reminder {
    /// The job that sends it.
    #[must_use]
    pub fn job(&self) -> String {
        job_of(self.task)
    }
}

/// The job that sends a reminder.
pub(crate) fn job_of(task: Uuid) -> String {
    format!("relance:{task}")
}

#[derive(Clone, Debug, QueryableByName)]
pub(crate) struct Ending {
    #[diesel(sql_type = SqlUuid)]
    pub task: Uuid,
    #[diesel(sql_type = Text)]
    pub status: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    #[diesel(sql_type = Text)]
    pub recipient: String,
    /// The invoice was stopped while this reminder was in the mail server's hands.
    #[diesel(sql_type = Bool)]
    pub was_being_sent: bool,
    /// The feed says that it failed.
    #[diesel(sql_type = Bool)]
    pub failure_is_told: bool,
}

/// A job that is left.
#[derive(Clone, Debug, QueryableByName)]
pub struct LeftJob {
    /// Its id.
    #[diesel(sql_type = Text)]
    pub id: String,
    /// `scheduled`, `running` or `dead`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Failures so far.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// Workers lost so far.
    #[diesel(sql_type = Integer)]
    pub crashes: i32,
    /// The last failure.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
}

/// Counters, which have to agree with the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(crate) struct Counters {
    #[diesel(sql_type = BigInt)]
    pub sent: i64,
    #[diesel(sql_type = BigInt)]
    pub events_of_sent: i64,
    #[diesel(sql_type = BigInt)]
    pub paid: i64,
    #[diesel(sql_type = BigInt)]
    pub rubis: i64,
}

/// An invoice found by its number.
#[derive(Clone, Debug, QueryableByName)]
pub(crate) struct FoundInvoice {
    #[diesel(sql_type = Text)]
    pub numero: String,
    /// Number of times it is there.
    #[diesel(sql_type = BigInt)]
    pub invoices: i64,
    /// Number of reminders are planned for it.
    #[diesel(sql_type = BigInt)]
    pub reminders: i64,
}

impl FoundInvoice {
    pub(crate) const fn is_once(&self) -> bool {
        self.invoices == 1 && self.reminders == 1
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Result of a query `SELECT … AS count`.
pub async fn count(conn: &mut AsyncPgConnection, query: &str) -> diesel::QueryResult<i64> {
    let count: Count = sql_query(query).get_result(conn).await?;
    Ok(count.count)
}

impl Database {
    /// Connects when it is first asked something.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self { pool: rubis_db::connect(url, POOL_SIZE)? })
    }

    /// Asks until the database answers.
    pub(crate) async fn ask<T>(
        &self,
        question: impl AsyncFn(&mut AsyncPgConnection) -> diesel::QueryResult<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = match self.pool.get().await {
                Ok(mut conn) => question(&mut conn).await.context("the database refuses"),
                Err(error) => Err(error).context("the database cannot be reached"),
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(error) if Instant::now() >= deadline => return Err(error),
                Err(_) => sleep(GLANCE).await,
            }
        }
    }

    /// Runs statements.
    pub async fn execute(&self, statements: &str) -> Result<()> {
        self.ask(async |conn| conn.batch_execute(statements).await).await
    }

    /// Makes reminders due at an instant and returns them: of these organizations, or of all; the first `most`, taken
    /// from the organizations in turn.
    pub async fn make_due(
        &self,
        organizations: Option<&[Uuid]>,
        most: Option<usize>,
        at: OffsetDateTime,
    ) -> Result<Vec<Reminder>> {
        let most = most.map(i64::try_from).transpose()?;
        self.ask(async |conn| {
            sql_query(
                "WITH numbered AS (
                     SELECT id, row_number() OVER (PARTITION BY organization_id ORDER BY id) AS number
                     FROM relance_tasks
                     WHERE status = 'scheduled' AND ($3 IS NULL OR organization_id = ANY($3))
                 ), chosen AS (SELECT id FROM numbered ORDER BY number, id LIMIT $1),
                 moved AS (
                     UPDATE relance_tasks SET send_at = $2 FROM chosen WHERE relance_tasks.id = chosen.id
                     RETURNING relance_tasks.*
                 ), moved_jobs AS (
                     UPDATE jobs SET run_at = $2 FROM moved WHERE jobs.id = moved.queue_job_id
                 )
                 SELECT moved.id AS task, moved.organization_id AS organization, moved.invoice_id AS invoice,
                     clients.email AS recipient
                 FROM moved JOIN invoices ON invoices.id = moved.invoice_id
                 JOIN clients ON clients.id = invoices.client_id
                 ORDER BY moved.organization_id, moved.id",
            )
            .bind::<Nullable<BigInt>, _>(most)
            .bind::<Timestamptz, _>(at)
            .bind::<Nullable<Array<SqlUuid>>, _>(organizations)
            .load(conn)
            .await
        })
        .await
    }

    /// Makes these jobs due now, in place of waiting for the date of their next attempt.
    pub async fn hasten(&self, jobs: &[String]) -> Result<()> {
        self.ask(async |conn| {
            sql_query("UPDATE jobs SET run_at = clock_timestamp() WHERE id = ANY($1) AND state = 'scheduled'")
                .bind::<Array<Text>, _>(jobs)
                .execute(conn)
                .await
                .map(drop)
        })
        .await
    }

    /// Lets time pass for jobs that were put back: what they wait for, and since when, is earlier by this. Their last
    /// failure is forgotten, so that the next one shows.
    pub async fn age(&self, by: Duration) -> Result<()> {
        self.ask(async |conn| {
            sql_query(
                "UPDATE jobs SET run_at = run_at - make_interval(secs => $1),
                     blocked_since = blocked_since - make_interval(secs => $1), last_error = NULL
                 WHERE state = 'scheduled' AND last_error IS NOT NULL",
            )
            .bind::<diesel::sql_types::Double, _>(by.as_secs_f64())
            .execute(conn)
            .await
            .map(drop)
        })
        .await
    }

    /// The jobs that are left and due within an hour, by id; not those of subscriptions, whose daily round may
    /// happen to be near, and not the reconciliation, which always comes back.
    pub async fn jobs_left(&self) -> Result<HashMap<String, LeftJob>> {
        let jobs: Vec<LeftJob> = self
            .ask(async |conn| {
                sql_query(
                    "SELECT id, state::text AS state, attempts, crashes, last_error FROM jobs
                     WHERE run_at < clock_timestamp() + interval '1 hour' AND queue <> 'billing'
                         AND id <> 'reconcile:all'",
                )
                .load(conn)
                .await
            })
            .await?;
        Ok(jobs.into_iter().map(|job| (job.id.clone(), job)).collect())
    }

    /// The ids of the jobs that workers hold.
    pub async fn running(&self) -> Result<Vec<String>> {
        let jobs = self.jobs_left().await?;
        Ok(jobs.into_values().filter(|job| job.state == "running").map(|job| job.id).collect())
    }

    async fn count_alive(&self, jobs: Option<&[String]>) -> Result<i64> {
        let count: Count = self
            .ask(async |conn| {
                sql_query(
                    "SELECT count(*) AS count FROM jobs
                     WHERE state <> 'dead' AND run_at < clock_timestamp() + interval '1 hour'
                         AND queue <> 'billing' AND id <> 'reconcile:all'
                         AND ($1 IS NULL OR id = ANY($1))",
                )
                .bind::<Nullable<Array<Text>>, _>(jobs)
                .get_result(conn)
                .await
            })
            .await?;
        Ok(count.count)
    }

    /// Waits until none of these jobs is left, dead ones not counted; of all that are due within the
    /// hour, without ids. Says whether that came in time.
    pub async fn quiet(&self, jobs: Option<&[String]>, within: Duration) -> Result<bool> {
        let deadline = Instant::now() + within;
        while self.count_alive(jobs).await? > 0 {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            sleep(GLANCE).await;
        }
        Ok(true)
    }

    /// Waits until a condition on the jobs that are left holds.
    pub async fn wait_for(
        &self,
        what: &str,
        within: Duration,
        holds: impl Fn(&HashMap<String, LeftJob>) -> bool,
    ) -> Result<HashMap<String, LeftJob>> {
        let deadline = Instant::now() + within;
        loop {
            let jobs = self.jobs_left().await?;
            if holds(&jobs) {
                return Ok(jobs);
            }
            anyhow::ensure!(Instant::now() < deadline, "not within {within:?}: {what}");
            sleep(GLANCE).await;
        }
    }

    pub(crate) async fn endings(&self) -> Result<Vec<Ending>> {
        const QUERY: &str =
            "SELECT task.id AS task, task.status::text AS status, task.reason, clients.email AS recipient,
                 EXISTS (
                     SELECT 1 FROM activity_events AS event
                     WHERE event.invoice_id = task.invoice_id
                         AND event.kind IN ('invoice_paid', 'invoice_cancelled')
                         AND (event.meta->>'relancesBeingSent')::integer > 0
                 ) AS was_being_sent,
                 EXISTS (
                     SELECT 1 FROM activity_events AS event
                     WHERE event.invoice_id = task.invoice_id AND event.kind = 'relance_failed'
                 ) AS failure_is_told
             FROM relance_tasks AS task
             JOIN invoices ON invoices.id = task.invoice_id
             JOIN clients ON clients.id = invoices.client_id";
        self.ask(async |conn| sql_query(QUERY).load(conn).await).await
    }

    /// The invoices whose number is like this.
    pub(crate) async fn invoices_like(&self, numero: &str) -> Result<Vec<FoundInvoice>> {
        self.ask(async |conn| {
            sql_query(
                "SELECT invoices.numero, count(DISTINCT invoices.id) AS invoices, count(task.id) AS reminders
                 FROM invoices LEFT JOIN relance_tasks AS task ON task.invoice_id = invoices.id
                 WHERE invoices.numero LIKE $1 GROUP BY invoices.numero",
            )
            .bind::<Text, _>(numero)
            .load(conn)
            .await
        })
        .await
    }

    pub(crate) async fn counters(&self) -> Result<Counters> {
        const QUERY: &str = "SELECT (SELECT count(*) FROM relance_tasks WHERE status = 'sent') AS sent,
                 (SELECT count(*) FROM activity_events WHERE kind = 'relance_sent') AS events_of_sent,
                 (SELECT count(*) FROM invoices WHERE status = 'paid') AS paid,
                 (SELECT coalesce(sum(rubis_count), 0)::bigint FROM organizations) AS rubis";
        self.ask(async |conn| sql_query(QUERY).get_result(conn).await).await
    }
}
