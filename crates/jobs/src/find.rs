//! Looking a job up by its id.

use diesel::{
    result::QueryResult,
    sql_types::{Array, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rubis_db::statement::{Bind, prepared, statement};

use crate::{
    JobId, JobRow,
    row::{StoredJob, stored_job_columns},
};

statement!(
    FindJobs,
    concat!("SELECT ", stored_job_columns!(), " FROM jobs WHERE id = ANY(?) ORDER BY run_at, id")
);

/// The job, if it still exists.
///
/// # Errors
/// The database refused.
pub async fn find(conn: &mut AsyncPgConnection, id: &JobId) -> QueryResult<Option<JobRow>> {
    Ok(find_many(conn, std::slice::from_ref(id)).await?.pop())
}

/// Those of the jobs that still exist, the earliest first.
///
/// # Errors
/// The database refused.
pub async fn find_many(conn: &mut AsyncPgConnection, ids: &[JobId]) -> QueryResult<Vec<JobRow>> {
    let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
    let rows: Vec<StoredJob> = prepared::<FindJobs>().bind::<Array<Text>, _>(ids).load(conn).await?;
    Ok(rows.into_iter().map(JobRow::from).collect())
}
