//! The jobs as the reconciliation compares them with what waits for them.

use std::collections::HashMap;

use diesel::{
    QueryableByName,
    result::QueryResult,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rubis_db::statement::{Bind, prepared, statement};
use time::OffsetDateTime;

use crate::{JobId, JobState, Queue};

statement!(ReadStates, "SELECT id, state FROM jobs WHERE id = ANY(?)");

#[derive(QueryableByName)]
struct StateRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = rubis_db::schema::sql_types::JobState)]
    state: JobState,
}

/// The states of those of the jobs that exist.
///
/// # Errors
/// The database refused.
pub async fn states(
    conn: &mut AsyncPgConnection,
    ids: impl IntoIterator<Item = JobId>,
) -> QueryResult<HashMap<JobId, JobState>> {
    let ids: Vec<String> = ids.into_iter().map(|id| id.as_str().to_owned()).collect();
    let rows: Vec<StateRow> = prepared::<ReadStates>().bind::<Array<Text>, _>(ids).load(conn).await?;
    Ok(rows.into_iter().map(|row| (JobId::from_database(row.id), row.state)).collect())
}

statement!(ReadBlocked, "SELECT id, state FROM jobs WHERE id = ? AND blocked_since IS NOT NULL");

/// Reports if a job waits for a server that is away.
///
/// # Errors
/// The database refused.
pub async fn is_blocked(conn: &mut AsyncPgConnection, id: &JobId) -> QueryResult<bool> {
    let rows: Vec<StateRow> = prepared::<ReadBlocked>().bind::<Text, _>(id.as_str()).load(conn).await?;
    Ok(!rows.is_empty())
}

statement!(
    ReadUntouched,
    "SELECT id, run_at FROM jobs
     WHERE queue = ? AND state = 'scheduled' AND attempts = 0 AND crashes = 0 AND last_error IS NULL
         AND created_at < ? AND (run_at, id) > (coalesce(?, '-infinity'::timestamptz), coalesce(?, ''))
     ORDER BY run_at, id LIMIT ?"
);

#[derive(QueryableByName)]
struct UntouchedRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Timestamptz)]
    run_at: OffsetDateTime,
}

/// Scheduled jobs of a queue that were written before an instant and never run, in the order of their dates, after
/// the date and id of the last one seen.
///
/// # Errors
/// The database refused.
pub async fn untouched(
    conn: &mut AsyncPgConnection,
    queue: Queue,
    before: OffsetDateTime,
    after: Option<(OffsetDateTime, String)>,
    limit: u32,
) -> QueryResult<Vec<(JobId, OffsetDateTime)>> {
    let (run_at, id) = after.unzip();
    let rows: Vec<UntouchedRow> = prepared::<ReadUntouched>()
        .bind::<Text, _>(queue.as_str())
        .bind::<Timestamptz, _>(before)
        .bind::<Nullable<Timestamptz>, _>(run_at)
        .bind::<Nullable<Text>, _>(id)
        .bind::<BigInt, _>(i64::from(limit))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (JobId::from_database(row.id), row.run_at)).collect())
}
