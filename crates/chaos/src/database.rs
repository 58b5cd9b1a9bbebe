//! Queries of a run, which wait for a database that is away.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use diesel::sql_query;
use diesel::sql_types::{BigInt, Jsonb};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use rubis_db::{AsyncPgConnection, Pool};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// Time a query waits for a database that is away, and between two attempts.
const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(100);

const POOL_SIZE: u32 = 6;

/// Jobs due within an hour, without the daily round of subscriptions and the recurring reconciliation.
const SOON: &str =
    "run_at < clock_timestamp() + interval '1 hour' AND queue <> 'billing' AND id <> 'reconcile:all'";

#[derive(Clone)]
pub struct Database {
    /// Connections to it, past every proxy.
    pub pool: Pool,
}

/// A reminder or a check-in that is due in a run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Due {
    pub task: Uuid,
    pub organization: Uuid,
    pub invoice: Uuid,
    /// Address of the client, or of the user who is asked.
    pub recipient: String,
    #[serde(with = "time::serde::rfc3339")]
    pub send_at: OffsetDateTime,
}

impl Due {
    /// The job that sends this reminder.
    pub fn job(&self) -> String {
        job_of(self.task)
    }
}

pub(crate) fn job_of(task: Uuid) -> String {
    format!("relance:{task}")
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Ending {
    pub task: Uuid,
    pub status: String,
    pub reason: Option<String>,
    pub recipient: String,
    /// The invoice was stopped while the mail server had this reminder.
    pub was_being_sent: bool,
    /// The feed has its failure.
    pub failure_is_told: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub struct LeftJob {
    pub id: String,
    /// `scheduled`, `running` or `dead`.
    pub state: String,
    pub attempts: i32,
    /// Workers lost so far.
    pub crashes: i32,
    pub last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Counters {
    pub sent: i64,
    pub events_of_sent: i64,
    pub paid: i64,
    pub rubis: i64,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FoundInvoice {
    pub numero: String,
    pub invoices: i64,
    pub reminders: i64,
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Jsonb)]
    found: serde_json::Value,
}

/// Result of a query `SELECT … AS count`.
pub async fn count(conn: &mut AsyncPgConnection, query: &str) -> diesel::QueryResult<i64> {
    let count: Count = sql_query(query).get_result(conn).await?;
    Ok(count.count)
}

pub(crate) fn array(values: impl IntoIterator<Item = impl ToString>) -> String {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    format!("'{{{}}}'", values.join(","))
}

/// An instant as a literal of SQL.
pub(crate) fn instant(at: OffsetDateTime) -> Result<String> {
    Ok(format!("'{}'::timestamptz", at.format(&Rfc3339)?))
}

impl Database {
    /// Connects when it is first asked something.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self { pool: rubis_db::connect(url, POOL_SIZE)? })
    }

    /// Repeats until the database responds.
    async fn ask<T>(
        &self,
        question: impl AsyncFn(&mut AsyncPgConnection) -> diesel::QueryResult<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let response = match self.pool.get().await {
                Ok(mut conn) => question(&mut conn).await.context("the database refuses"),
                Err(error) => Err(error).context("the database cannot be reached"),
            };
            match response {
                Ok(found) => return Ok(found),
                Err(error) if Instant::now() >= deadline => return Err(error),
                Err(_) => sleep(GLANCE).await,
            }
        }
    }

    pub async fn execute(&self, statements: &str) -> Result<()> {
        self.ask(async |conn| conn.batch_execute(statements).await).await
    }

    /// The rows of a query, after common table expressions (`WITH …`) or none, by the names of its columns.
    pub async fn rows<T: DeserializeOwned>(&self, with: &str, query: &str) -> Result<Vec<T>> {
        let query = format!("{with} SELECT to_jsonb(found) AS found FROM ({query}) AS found");
        let rows: Vec<Row> = self.ask(async |conn| sql_query(&query).load(conn).await).await?;
        Ok(rows.into_iter().map(|row| serde_json::from_value(row.found)).collect::<Result<_, _>>()?)
    }

    /// Makes the first `most` scheduled reminders due at an instant, organizations in turn, and returns them.
    pub async fn make_due(
        &self,
        organizations: Option<&[Uuid]>,
        most: Option<usize>,
        at: OffsetDateTime,
    ) -> Result<Vec<Due>> {
        let (at, most) = (instant(at)?, most.map_or_else(|| "ALL".to_owned(), |most| most.to_string()));
        let wanted = organizations
            .map(|ids| format!("AND organization_id = ANY({}::uuid[])", array(ids)))
            .unwrap_or_default();
        let with = format!(
            "WITH numbered AS (
                 SELECT id, row_number() OVER (PARTITION BY organization_id ORDER BY id) AS number
                 FROM relance_tasks WHERE status = 'scheduled' {wanted}
             ), chosen AS (SELECT id FROM numbered ORDER BY number, id LIMIT {most}),
             moved AS (
                 UPDATE relance_tasks SET send_at = {at} FROM chosen WHERE relance_tasks.id = chosen.id
                 RETURNING relance_tasks.*
             ), moved_jobs AS (
                 UPDATE jobs SET run_at = {at} FROM moved WHERE jobs.id = moved.queue_job_id
             )"
        );
        let query =
            "SELECT moved.id AS task, moved.organization_id AS organization, moved.invoice_id AS invoice,
                 clients.email AS recipient, moved.send_at
             FROM moved JOIN invoices ON invoices.id = moved.invoice_id
             JOIN clients ON clients.id = invoices.client_id
             ORDER BY moved.organization_id, moved.id";
        self.rows(&with, query).await
    }

    /// Makes these jobs due now, in place of waiting for the date of their next attempt.
    pub async fn hasten(&self, jobs: &[String]) -> Result<()> {
        let jobs = array(jobs);
        self.execute(&format!(
            "UPDATE jobs SET run_at = clock_timestamp() WHERE id = ANY({jobs}) AND state = 'scheduled'"
        ))
        .await
    }

    /// Lets time pass for jobs that were put back, and forgets their failure, so that the next one shows.
    pub async fn age(&self, by: Duration) -> Result<()> {
        let by = format!("make_interval(secs => {})", by.as_secs());
        self.execute(&format!(
            "UPDATE jobs SET run_at = run_at - {by}, blocked_since = blocked_since - {by}, last_error = NULL
             WHERE state = 'scheduled' AND last_error IS NOT NULL"
        ))
        .await
    }

    /// The jobs that are left and due within an hour, by id.
    pub async fn jobs_left(&self) -> Result<HashMap<String, LeftJob>> {
        let query = format!("SELECT id, state, attempts, crashes, last_error FROM jobs WHERE {SOON}");
        let jobs: Vec<LeftJob> = self.rows("", &query).await?;
        Ok(jobs.into_iter().map(|job| (job.id.clone(), job)).collect())
    }

    pub async fn running(&self) -> Result<Vec<String>> {
        let jobs = self.jobs_left().await?;
        Ok(jobs.into_values().filter(|job| job.state == "running").map(|job| job.id).collect())
    }

    /// Waits until none of these jobs, or of all, is left but dead ones. Returns false after `within`.
    pub async fn quiet(&self, jobs: Option<&[String]>, within: Duration) -> Result<bool> {
        let deadline = Instant::now() + within;
        let these = jobs.map(|jobs| format!("AND id = ANY({})", array(jobs))).unwrap_or_default();
        let query = format!("SELECT count(*) AS count FROM jobs WHERE state <> 'dead' AND {SOON} {these}");
        while self.ask(async |conn| count(conn, &query).await).await? > 0 {
            if Instant::now() >= deadline {
                return Ok(false);
            }
            sleep(GLANCE).await;
        }
        Ok(true)
    }

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
        let query = "SELECT task.id AS task, task.status, task.reason, clients.email AS recipient,
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
        self.rows("", query).await
    }

    pub(crate) async fn invoices_like(&self, numero: &str) -> Result<Vec<FoundInvoice>> {
        let query = format!(
            "SELECT invoices.numero, count(DISTINCT invoices.id) AS invoices, count(task.id) AS reminders
             FROM invoices LEFT JOIN relance_tasks AS task ON task.invoice_id = invoices.id
             WHERE invoices.numero LIKE '{numero}' GROUP BY invoices.numero"
        );
        self.rows("", &query).await
    }

    pub(crate) async fn counters(&self) -> Result<Counters> {
        let query = "SELECT (SELECT count(*) FROM relance_tasks WHERE status = 'sent') AS sent,
                 (SELECT count(*) FROM activity_events WHERE kind = 'relance_sent') AS events_of_sent,
                 (SELECT count(*) FROM invoices WHERE status = 'paid') AS paid,
                 (SELECT coalesce(sum(rubis_count), 0)::bigint FROM organizations) AS rubis";
        self.rows("", query).await?.pop().context("no counters")
    }
}
