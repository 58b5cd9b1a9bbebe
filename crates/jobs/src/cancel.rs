//! Taking back a job that has not begun.

use diesel::{
    QueryableByName,
    result::QueryResult,
    sql_types::{Array, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rubis_db::statement::{Bind, prepared, statement};

use crate::JobId;

// The lock waits for a claim that is under way and then looks at the state again, so that of a
// claim and a cancel exactly one succeeds. Rows are locked in the order of their ids, here and
// wherever several are, so that two such statements never wait for each other.
statement!(
    CancelJobs,
    "WITH cancelled AS (
         SELECT id FROM jobs WHERE id = ANY(?) AND state <> 'running' ORDER BY id FOR UPDATE
     )
     DELETE FROM jobs USING cancelled WHERE jobs.id = cancelled.id RETURNING jobs.id"
);

#[derive(QueryableByName)]
struct Cancelled {
    #[diesel(sql_type = Text)]
    id: String,
}

/// Deletes those of the jobs that are scheduled or dead, and tells which those were. A job that is
/// not among them is running or was never there: it is too late to stop it.
///
/// # Errors
/// The database refused.
pub async fn cancel(conn: &mut AsyncPgConnection, ids: &[JobId]) -> QueryResult<Vec<JobId>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
    let rows: Vec<Cancelled> = prepared::<CancelJobs>().bind::<Array<Text>, _>(ids).load(conn).await?;
    Ok(rows.into_iter().map(|row| JobId::from_database(row.id)).collect())
}
