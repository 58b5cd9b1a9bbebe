//! Putting jobs on the calendar.

use std::collections::{BTreeMap, HashMap};

use diesel::{
    QueryableByName,
    result::{Error, QueryResult},
    sql_types::{Array, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rubis_db::statement::{Bind, prepared, statement};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Job, JobId, trace::current_trace};

/// Result of enqueuing a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// It is new.
    Created,
    /// There was one with this id, scheduled or dead: it now has this date and this payload.
    Updated,
    /// A worker is running it: nothing was changed.
    Running,
}

// `xmax` is zero only in a row version that no transaction has touched since it was inserted: it
// tells a new row from one that was there.
statement!(
    EnqueueJobs,
    "INSERT INTO jobs AS existing (id, queue, payload, organization_id, run_at, created_at, trace_id)
     SELECT wanted.id, ?, wanted.payload, wanted.organization_id, greatest(wanted.run_at, clock.now), clock.now, ?::uuid
     FROM unnest(?, ?, ?, ?) AS wanted(id, payload, organization_id, run_at),
          (SELECT ?::timestamptz AS now) AS clock
     ORDER BY wanted.id
     ON CONFLICT (id) DO UPDATE SET
         queue = excluded.queue,
         payload = excluded.payload,
         organization_id = excluded.organization_id,
         trace_id = coalesce(excluded.trace_id, existing.trace_id),
         run_at = excluded.run_at,
         created_at = CASE WHEN existing.payload = excluded.payload THEN existing.created_at
                           ELSE excluded.created_at END,
         attempts = CASE WHEN existing.state = 'dead' THEN 0 ELSE existing.attempts END,
         crashes = CASE WHEN existing.state = 'dead' THEN 0 ELSE existing.crashes END,
         last_error = CASE WHEN existing.state = 'dead' THEN NULL ELSE existing.last_error END,
         blocked_since = CASE WHEN existing.state = 'dead'
                                OR excluded.run_at > greatest(existing.run_at, excluded.created_at) THEN NULL
                              ELSE existing.blocked_since END,
         state = 'scheduled'
     WHERE existing.state <> 'running'
     RETURNING id, (xmax = 0) AS created"
);

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Bool)]
    created: bool,
}

/// Asks for the job at `run_at`, or now when that has passed. Asking again is one job, with the
/// last date and payload; a dead one is revived with all its attempts; a running one is left
/// alone, and the answer says so.
///
/// Call it in the transaction that records why the job is wanted.
///
/// # Errors
/// The database refused.
pub async fn enqueue<J: Job>(
    conn: &mut AsyncPgConnection,
    job: &J,
    run_at: OffsetDateTime,
    now: OffsetDateTime,
) -> QueryResult<Enqueued> {
    let written = write::<J>(conn, &BTreeMap::from([(job.id(), (job, run_at))]), now).await?;
    Ok(written.get(&job.id()).copied().unwrap_or(Enqueued::Running))
}

/// As [`enqueue`], for any number of jobs in one statement. The answers are in the order of the
/// jobs; of several with one id the last counts.
///
/// # Errors
/// The database refused; then none was written.
pub async fn enqueue_many<J: Job>(
    conn: &mut AsyncPgConnection,
    jobs: &[(J, OffsetDateTime)],
    now: OffsetDateTime,
) -> QueryResult<Vec<Enqueued>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = jobs.iter().map(|(job, run_at)| (job.id(), (job, *run_at))).collect();
    let written = write::<J>(conn, &wanted, now).await?;
    let answer = |job: &J| written.get(&job.id()).copied().unwrap_or(Enqueued::Running);
    Ok(jobs.iter().map(|(job, _)| answer(job)).collect())
}

statement!(
    EnsureJob,
    "INSERT INTO jobs AS existing (id, queue, payload, organization_id, run_at, created_at, trace_id)
     SELECT ?, ?, ?, ?, greatest(?, clock.now), clock.now, ?::uuid FROM (SELECT ?::timestamptz AS now) AS clock
     ON CONFLICT (id) DO UPDATE SET
         queue = excluded.queue, payload = excluded.payload, run_at = excluded.run_at,
         created_at = excluded.created_at, attempts = 0, crashes = 0, last_error = NULL,
         blocked_since = NULL, state = 'scheduled',
         trace_id = coalesce(excluded.trace_id, existing.trace_id)
     WHERE existing.state = 'dead'"
);

/// As [`enqueue`], but leaves a job alone that is scheduled already: its date, its payload and its attempts
/// stay. Returns whether a job was created or revived.
///
/// # Errors
/// Returns the error of the database.
pub async fn ensure<J: Job>(
    conn: &mut AsyncPgConnection,
    job: &J,
    run_at: OffsetDateTime,
    now: OffsetDateTime,
) -> QueryResult<bool> {
    let payload = serde_json::to_value(job).map_err(|error| Error::SerializationError(Box::new(error)))?;
    let written = prepared::<EnsureJob>()
        .bind::<Text, _>(job.id().as_str())
        .bind::<Text, _>(J::QUEUE.as_str())
        .bind::<Jsonb, _>(payload)
        .bind::<Nullable<SqlUuid>, _>(job.organization().map(Uuid::from))
        .bind::<Timestamptz, _>(run_at)
        .bind::<Nullable<SqlUuid>, _>(current_trace().map(Uuid::from))
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    Ok(written > 0)
}

/// Writes the jobs, and tells of those that were not running whether they are new.
async fn write<J: Job>(
    conn: &mut AsyncPgConnection,
    jobs: &BTreeMap<JobId, (&J, OffsetDateTime)>,
    now: OffsetDateTime,
) -> QueryResult<HashMap<JobId, Enqueued>> {
    let ids: Vec<&str> = jobs.keys().map(JobId::as_str).collect();
    let payloads = jobs
        .values()
        .map(|(job, _)| serde_json::to_value(job))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Error::SerializationError(Box::new(error)))?;
    let organizations: Vec<Option<Uuid>> =
        jobs.values().map(|(job, _)| job.organization().map(Uuid::from)).collect();
    let dates: Vec<OffsetDateTime> = jobs.values().map(|(_, run_at)| *run_at).collect();

    let rows: Vec<Written> = prepared::<EnqueueJobs>()
        .bind::<Text, _>(J::QUEUE.as_str())
        .bind::<Nullable<SqlUuid>, _>(current_trace().map(Uuid::from))
        .bind::<Array<Text>, _>(ids)
        .bind::<Array<Jsonb>, _>(payloads)
        .bind::<Array<Nullable<SqlUuid>>, _>(organizations)
        .bind::<Array<Timestamptz>, _>(dates)
        .bind::<Timestamptz, _>(now)
        .load(conn)
        .await?;
    let answer = |created| {
        if created { Enqueued::Created } else { Enqueued::Updated }
    };
    Ok(rows.into_iter().map(|row| (JobId::from_database(row.id), answer(row.created))).collect())
}
