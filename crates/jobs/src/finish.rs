//! Ends of a run outside its handler's own transaction, each fenced by the lease.
//!
//! No condition here names the state: a row has a token if and only if it is running, as a `CHECK`
//! says, and with `state = 'running'` the planner read all running jobs through `jobs_leases` (15 ms
//! for 50 of 5,000, where the primary key takes half a millisecond).

use std::{collections::HashSet, time::Duration};

use diesel::{
    QueryableByName,
    result::QueryResult,
    sql_types::{Array, Bool, Double, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rubis_db::statement::{Bind, prepared, statement};
use time::OffsetDateTime;

use crate::{
    FinishError, JobId, Lease,
    error::storable,
    lease::columns,
    row_location::{RowLocation, Tid},
};

#[derive(QueryableByName)]
struct Affected {
    #[diesel(sql_type = Text)]
    id: String,
}

fn affected(rows: Vec<Affected>) -> HashSet<JobId> {
    rows.into_iter().map(|row| JobId::from_database(row.id)).collect()
}

// A row's old location is free for another row once it was renewed and vacuumed, and all jobs of a claim share a
// token: only location, id and token together name a job. `ctid = ANY` keeps the lookup free of any index.
// A locked row is skipped, because locations give no order in which rows may be waited for.
statement!(
    FinishJobsAtLocation,
    "WITH matching AS (
         SELECT jobs.ctid AS location FROM jobs
         WHERE jobs.ctid = ANY(?) AND (jobs.ctid, jobs.id, jobs.lease_token) IN (
             SELECT lease.location, lease.id, lease.token FROM unnest(?, ?, ?) AS lease(location, id, token)
         )
         FOR UPDATE OF jobs SKIP LOCKED
     )
     DELETE FROM jobs WHERE ctid = ANY(ARRAY(SELECT location FROM matching)) RETURNING id"
);

/// As [`finish_many`], for rows that are still at the location of their claims, which takes a third of the time
/// since no index is needed. Call [`finish_many`] for those that are missing from the result: they were renewed
/// since, or are locked, or their leases were lost.
///
/// # Errors
/// The database refused; then none was deleted.
pub async fn finish_at_location(
    conn: &mut AsyncPgConnection,
    leases: &[Lease],
) -> QueryResult<HashSet<JobId>> {
    let locations: Vec<RowLocation> = leases.iter().map(|lease| lease.location).collect();
    let (ids, tokens) = columns(leases);
    let rows = prepared::<FinishJobsAtLocation>()
        .bind::<Array<Tid>, _>(&locations)
        .bind::<Array<Tid>, _>(&locations)
        .bind::<Array<Text>, _>(ids)
        .bind::<Array<SqlUuid>, _>(tokens)
        .load(conn)
        .await?;
    Ok(affected(rows))
}

statement!(
    FinishJobs,
    "WITH matching AS (
         SELECT jobs.id FROM jobs JOIN unnest(?, ?) AS lease(id, token)
             ON jobs.id = lease.id AND jobs.lease_token = lease.token
         ORDER BY jobs.id FOR UPDATE OF jobs
     )
     DELETE FROM jobs USING matching WHERE jobs.id = matching.id RETURNING jobs.id"
);

/// Deletes jobs that are done and whose handlers had nothing to record with that. Returns those
/// that were still held; the leases of the others were lost.
///
/// # Errors
/// The database refused; then none was deleted.
pub async fn finish_many<'a>(
    conn: &mut AsyncPgConnection,
    leases: impl IntoIterator<Item = &'a Lease>,
) -> QueryResult<HashSet<JobId>> {
    let (ids, tokens) = columns(leases);
    let rows = prepared::<FinishJobs>()
        .bind::<Array<Text>, _>(ids)
        .bind::<Array<SqlUuid>, _>(tokens)
        .load(conn)
        .await?;
    Ok(affected(rows))
}

statement!(
    ReleaseJobs,
    "WITH matching AS (
         SELECT jobs.id FROM jobs JOIN unnest(?, ?) AS lease(id, token)
             ON jobs.id = lease.id AND jobs.lease_token = lease.token
         ORDER BY jobs.id FOR UPDATE OF jobs
     )
     UPDATE jobs SET state = 'scheduled', lease_token = NULL, lease_until = NULL
     FROM matching WHERE jobs.id = matching.id RETURNING jobs.id"
);

/// Puts jobs back as they were before they were claimed, as a worker that stops does. Returns
/// those that were still held.
///
/// # Errors
/// The database refused.
pub async fn release(conn: &mut AsyncPgConnection, leases: &[Lease]) -> QueryResult<HashSet<JobId>> {
    let (ids, tokens) = columns(leases);
    let rows = prepared::<ReleaseJobs>()
        .bind::<Array<Text>, _>(ids)
        .bind::<Array<SqlUuid>, _>(tokens)
        .load(conn)
        .await?;
    Ok(affected(rows))
}

statement!(
    PutBackJob,
    "UPDATE jobs SET state = 'scheduled', lease_token = NULL, lease_until = NULL,
         run_at = clock.now + make_interval(secs => ?),
         attempts = attempts + CASE WHEN reason.counts THEN 1 ELSE 0 END,
         blocked_since = CASE WHEN reason.blocks THEN coalesce(blocked_since, clock.now)
                              WHEN NOT reason.counts THEN blocked_since END,
         last_error = ?
     FROM (SELECT coalesce(?, clock_timestamp()) AS now) AS clock,
         (SELECT ?::boolean AS counts, ?::boolean AS blocks) AS reason
     WHERE id = ? AND lease_token = ?"
);

/// The reason why a job goes back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PutBack {
    /// An attempt failed.
    Attempt,
    /// This worker cannot do it now.
    Postponed,
    /// A server that it needs is away.
    Blocked,
}

async fn put_back(
    conn: &mut AsyncPgConnection,
    lease: &Lease,
    delay: Duration,
    why: PutBack,
    error: &str,
    now: Option<OffsetDateTime>,
) -> Result<(), FinishError> {
    let moved = prepared::<PutBackJob>()
        .bind::<Double, _>(delay.as_secs_f64())
        .bind::<Text, _>(storable(error))
        .bind::<Nullable<Timestamptz>, _>(now)
        .bind::<Bool, _>(why == PutBack::Attempt)
        .bind::<Bool, _>(why == PutBack::Blocked)
        .bind::<Text, _>(lease.job_id.as_str())
        .bind::<SqlUuid, _>(lease.token)
        .execute(conn)
        .await?;
    if moved == 0 { Err(FinishError::LeaseLost) } else { Ok(()) }
}

/// Records a failed attempt, and that the job is to be tried again after `delay`.
///
/// # Errors
/// [`FinishError::LeaseLost`] when another worker may have the job.
pub async fn retry(
    conn: &mut AsyncPgConnection,
    lease: &Lease,
    delay: Duration,
    error: &str,
    now: Option<OffsetDateTime>,
) -> Result<(), FinishError> {
    put_back(conn, lease, delay, PutBack::Attempt, error, now).await
}

/// Puts the job back for `delay` without counting an attempt: this worker cannot judge it.
///
/// # Errors
/// [`FinishError::LeaseLost`] when another worker may have the job.
pub async fn postpone(
    conn: &mut AsyncPgConnection,
    lease: &Lease,
    delay: Duration,
    reason: &str,
    now: Option<OffsetDateTime>,
) -> Result<(), FinishError> {
    put_back(conn, lease, delay, PutBack::Postponed, reason, now).await
}

/// As [`postpone`], because a server that the job needs is away. The first time since its last attempt is recorded.
///
/// # Errors
/// [`FinishError::LeaseLost`] when another worker may have the job.
pub async fn block(
    conn: &mut AsyncPgConnection,
    lease: &Lease,
    delay: Duration,
    reason: &str,
    now: Option<OffsetDateTime>,
) -> Result<(), FinishError> {
    put_back(conn, lease, delay, PutBack::Blocked, reason, now).await
}

statement!(
    DeadLetterJob,
    "UPDATE jobs SET state = 'dead', attempts = attempts + CASE WHEN ? THEN 1 ELSE 0 END, last_error = ?,
         lease_token = NULL, lease_until = NULL
     WHERE id = ? AND lease_token = ?"
);

async fn dead_letter(
    conn: &mut AsyncPgConnection,
    lease: &Lease,
    counts: bool,
    error: &str,
) -> Result<(), FinishError> {
    let moved = prepared::<DeadLetterJob>()
        .bind::<Bool, _>(counts)
        .bind::<Text, _>(storable(error))
        .bind::<Text, _>(lease.job_id.as_str())
        .bind::<SqlUuid, _>(lease.token)
        .execute(conn)
        .await?;
    if moved == 0 { Err(FinishError::LeaseLost) } else { Ok(()) }
}

/// Gives the job up after a failed attempt: it stays as a dead letter. Call the domain in the same transaction.
///
/// # Errors
/// [`FinishError::LeaseLost`] when another worker may have the job.
pub async fn make_dead_letter(
    conn: &mut AsyncPgConnection,
    lease: &Lease,
    error: &str,
) -> Result<(), FinishError> {
    dead_letter(conn, lease, true, error).await
}

/// Gives the job up because it takes its workers with it: it stays as a dead letter, and counts no attempt. Call
/// the domain in the same transaction.
///
/// # Errors
/// [`FinishError::LeaseLost`] if another worker may have the job.
pub async fn quarantine(conn: &mut AsyncPgConnection, lease: &Lease, error: &str) -> Result<(), FinishError> {
    dead_letter(conn, lease, false, error).await
}
