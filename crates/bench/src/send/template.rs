//! The rows that reminders are sent of.

use anyhow::{Context as _, Result, ensure};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use rubis_db::{AsyncConnection as _, AsyncPgConnection};
use rubis_kernel::{Clock as _, SystemClock};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Machine, reference::FRESH_ID};

/// Connections that put the organizations in.
const SEEDING_CONNECTIONS: u32 = 8;

/// A database that rounds get copies of.
pub struct Template<'a> {
    machine: &'a Machine,
    name: &'static str,
    /// The organizations, in the order in which their sizes were given.
    pub organizations: Vec<Uuid>,
}

/// A reminder that is due.
#[derive(Clone, Debug, QueryableByName)]
pub struct Due {
    /// Whose it is.
    #[diesel(sql_type = SqlUuid)]
    pub organization: Uuid,
    /// The client's address.
    #[diesel(sql_type = Text)]
    pub recipient: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl<'a> Template<'a> {
    /// Puts in an organization for each size, with as many invoices whose one reminder is planned for
    /// weeks later: one through the domain, the others as copies of that.
    ///
    /// # Errors
    /// When the domain or PostgreSQL refuses something, or the rows are not what they should be.
    pub async fn fill(machine: &'a Machine, name: &'static str, sizes: &[usize]) -> Result<Self> {
        let url = machine.database(name).await?;
        let pool = rubis_db::connect(&url, SEEDING_CONNECTIONS)?;
        let seeded = rubis_chaos::seed(&pool, sizes.len(), 1, SystemClock.now()).await?;
        drop(pool);
        let organizations: Vec<Uuid> = seeded.iter().map(|organization| organization.id.as_uuid()).collect();
        let mut conn = AsyncPgConnection::establish(&url).await?;
        conn.batch_execute("CREATE TEMPORARY TABLE wanted (organization_id uuid, invoices integer)").await?;
        let counts = sizes.iter().map(|size| i32::try_from(*size)).collect::<Result<Vec<_>, _>>()?;
        sql_query("INSERT INTO wanted SELECT * FROM unnest($1, $2)")
            .bind::<Array<SqlUuid>, _>(&organizations)
            .bind::<Array<Integer>, _>(counts)
            .execute(&mut conn)
            .await?;
        let multiply = include_str!("multiply.sql").replace("{fresh}", FRESH_ID);
        conn.batch_execute(&multiply).await.context("the rows cannot be multiplied")?;
        check(&mut conn, sizes.iter().sum()).await?;
        conn.batch_execute("VACUUM (ANALYZE)").await?;
        Ok(Self { machine, name, organizations })
    }

    /// Makes a copy, and tells its URL.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn copy(&self, name: &str) -> Result<String> {
        let mut conn = AsyncPgConnection::establish(&self.machine.postgres.url("postgres")).await?;
        for statement in [
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", self.name),
            format!("CREATE DATABASE {name} TEMPLATE {} STRATEGY file_copy", self.name),
        ] {
            // One by one: CREATE DATABASE is not for a transaction.
            conn.batch_execute(&statement).await?;
        }
        Ok(self.machine.postgres.url(name))
    }

    /// Deletes a copy that nothing is connected to for long.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn drop_copy(&self, name: &str) -> Result<()> {
        let mut conn = AsyncPgConnection::establish(&self.machine.postgres.url("postgres")).await?;
        Ok(conn.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await?)
    }
}

/// Every reminder has its job, its invoice and a client whom nobody else writes to.
async fn check(conn: &mut AsyncPgConnection, expected: usize) -> Result<()> {
    let whole: Count = sql_query(
        "SELECT count(DISTINCT client.email) AS count
         FROM relance_tasks AS task
         JOIN jobs ON jobs.id = task.queue_job_id AND jobs.payload::text LIKE '%' || task.id || '%'
         JOIN invoices AS invoice
             ON invoice.id = task.invoice_id AND invoice.organization_id = task.organization_id
         JOIN clients AS client ON client.id = invoice.client_id
         WHERE task.status = 'scheduled' AND jobs.organization_id = task.organization_id",
    )
    .get_result(conn)
    .await?;
    let jobs: Count = sql_query("SELECT count(*) AS count FROM jobs").get_result(conn).await?;
    let expected = i64::try_from(expected)?;
    ensure!(
        (whole.count, jobs.count) == (expected, expected),
        "{} whole reminders and {} jobs were put in, where there should be {expected}",
        whole.count,
        jobs.count
    );
    Ok(())
}

/// Makes all reminders due at an instant, or the first `most` of those of these organizations, taken
/// from the organizations in turn; and tidies up behind the change, so that no round vacuums another's rows.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn make_due(
    url: &str,
    organizations: &[Uuid],
    most: Option<usize>,
    at: OffsetDateTime,
) -> Result<Vec<Due>> {
    let mut conn = AsyncPgConnection::establish(url).await?;
    let due = sql_query(
        "WITH chosen AS (
             SELECT id FROM relance_tasks WHERE status = 'scheduled' AND organization_id = ANY($1)
             ORDER BY row_number() OVER (PARTITION BY organization_id ORDER BY id), id LIMIT $2
         ), moved AS (
             UPDATE relance_tasks SET send_at = $3 FROM chosen WHERE relance_tasks.id = chosen.id
             RETURNING relance_tasks.*
         ), moved_jobs AS (UPDATE jobs SET run_at = $3 FROM moved WHERE jobs.id = moved.queue_job_id)
         SELECT moved.organization_id AS organization, clients.email AS recipient
         FROM moved JOIN invoices ON invoices.id = moved.invoice_id
         JOIN clients ON clients.id = invoices.client_id",
    )
    .bind::<Array<SqlUuid>, _>(organizations)
    .bind::<Nullable<BigInt>, _>(most.map(i64::try_from).transpose()?)
    .bind::<Timestamptz, _>(at)
    .load(&mut conn)
    .await?;
    conn.batch_execute("VACUUM (ANALYZE)").await?;
    // What was written so far is not written out while something is measured.
    conn.batch_execute("CHECKPOINT").await?;
    Ok(due)
}
