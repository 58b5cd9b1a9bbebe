//! Jobs that were given up, for the operator who decides what becomes of them.

use diesel::{
    QueryableByName,
    result::QueryResult,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rubis_db::statement::{Bind, prepared, statement};
use time::OffsetDateTime;

use crate::{
    JobId, JobRow, Queue,
    row::{StoredJob, stored_job_columns},
};

/// Filter of a list of dead letters.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetterFilter<'a> {
    /// The queue.
    pub queue: Queue,
    /// A text that the id, the last error or the payload must hold, whatever its case.
    pub search: Option<&'a str>,
    /// The last job of the page before.
    pub after: Option<&'a JobId>,
    /// The length of the page.
    pub limit: u32,
}

statement!(
    ListDead,
    concat!(
        "SELECT ",
        stored_job_columns!(),
        " FROM jobs, (SELECT lower(?::text) AS text) AS wanted
         WHERE queue = ? AND state = 'dead' AND id > ?
             AND (wanted.text IS NULL OR position(wanted.text IN lower(id)) > 0
                 OR position(wanted.text IN lower(coalesce(last_error, ''))) > 0
                OR position(wanted.text IN lower(payload::text)) > 0)
         ORDER BY id LIMIT ?"
    )
);

/// Dead letters and quarantined jobs, in the order of their ids.
///
/// # Errors
/// The database refused.
pub async fn list_dead(
    conn: &mut AsyncPgConnection,
    filter: DeadLetterFilter<'_>,
) -> QueryResult<Vec<JobRow>> {
    let rows: Vec<StoredJob> = prepared::<ListDead>()
        .bind::<Nullable<Text>, _>(filter.search)
        .bind::<Text, _>(filter.queue.as_str())
        .bind::<Text, _>(filter.after.map_or("", JobId::as_str))
        .bind::<BigInt, _>(i64::from(filter.limit))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(JobRow::from).collect())
}

macro_rules! revived {
    () => {
        " UPDATE jobs SET state = 'scheduled', run_at = coalesce(?, clock_timestamp()), attempts = 0, crashes = 0,
              blocked_since = NULL
          FROM chosen WHERE jobs.id = chosen.id RETURNING jobs.id"
    };
}

macro_rules! dropped {
    () => {
        " DELETE FROM jobs USING chosen WHERE jobs.id = chosen.id RETURNING jobs.id"
    };
}

macro_rules! chosen_by_id {
    () => {
        "WITH chosen AS (SELECT id FROM jobs WHERE id = ANY(?) AND state = 'dead' ORDER BY id FOR UPDATE)"
    };
}

macro_rules! chosen_by_queue {
    () => {
        "WITH chosen AS (SELECT id FROM jobs WHERE queue = ? AND state = 'dead' ORDER BY id FOR UPDATE)"
    };
}

statement!(RetryDead, concat!(chosen_by_id!(), revived!()));
statement!(RetryAllDead, concat!(chosen_by_queue!(), revived!()));
statement!(DropDead, concat!(chosen_by_id!(), dropped!()));
statement!(DropAllDead, concat!(chosen_by_queue!(), dropped!()));

#[derive(QueryableByName)]
struct Chosen {
    #[diesel(sql_type = Text)]
    id: String,
}

fn chosen(rows: Vec<Chosen>) -> Vec<JobId> {
    rows.into_iter().map(|row| JobId::from_database(row.id)).collect()
}

/// Puts these dead letters back, due now, with all their attempts. Returns those that were dead.
///
/// # Errors
/// The database refused.
pub async fn retry_dead(
    conn: &mut AsyncPgConnection,
    ids: &[JobId],
    now: Option<OffsetDateTime>,
) -> QueryResult<Vec<JobId>> {
    let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
    let rows = prepared::<RetryDead>()
        .bind::<Array<Text>, _>(ids)
        .bind::<Nullable<Timestamptz>, _>(now)
        .load(conn)
        .await?;
    Ok(chosen(rows))
}

/// Puts all dead letters of the queue back, due now, with all their attempts.
///
/// # Errors
/// The database refused.
pub async fn retry_all_dead(
    conn: &mut AsyncPgConnection,
    queue: Queue,
    now: Option<OffsetDateTime>,
) -> QueryResult<Vec<JobId>> {
    let rows = prepared::<RetryAllDead>()
        .bind::<Text, _>(queue.as_str())
        .bind::<Nullable<Timestamptz>, _>(now)
        .load(conn)
        .await?;
    Ok(chosen(rows))
}

/// Deletes these dead letters for good. Returns those that were dead.
///
/// # Errors
/// The database refused.
pub async fn drop_dead(conn: &mut AsyncPgConnection, ids: &[JobId]) -> QueryResult<Vec<JobId>> {
    let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
    let rows = prepared::<DropDead>().bind::<Array<Text>, _>(ids).load(conn).await?;
    Ok(chosen(rows))
}

/// Deletes all dead letters of the queue for good.
///
/// # Errors
/// The database refused.
pub async fn drop_all_dead(conn: &mut AsyncPgConnection, queue: Queue) -> QueryResult<Vec<JobId>> {
    let rows = prepared::<DropAllDead>().bind::<Text, _>(queue.as_str()).load(conn).await?;
    Ok(chosen(rows))
}
