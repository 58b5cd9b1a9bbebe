//! Taking jobs that are due.

use std::time::Duration;

use diesel::{
    QueryableByName,
    result::QueryResult,
    sql_types::{Array, BigInt, Double, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rubis_db::statement::{Bind, prepared, statement};
use rubis_kernel::{OrganizationId, TraceId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    JobId, Lease, Payload, Queue,
    row::count,
    row_location::{RowLocation, Tid},
};

/// A job that this worker may run now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedJob {
    /// The right to run it.
    pub lease: Lease,
    pub payload: Payload,
    /// The tenant.
    pub organization: Option<OrganizationId>,
    /// Date of the job.
    pub run_at: OffsetDateTime,
    /// The trace of the request or job that asked for it.
    pub trace: Option<TraceId>,
    /// Time at which the payload was written.
    pub created_at: OffsetDateTime,
    /// Time of the claim, by the clock that decided that the job is due.
    pub now: OffsetDateTime,
}

// The two claims differ in how they find rows, not in what they do to them. All jobs of a claim have one
// token: to draw one for each takes a tenth of the time, and a token is looked at together with an id.
//
// Rows that were found and locked are updated where they stand, and not looked for by their id again:
// a fifth of the claim's time. One that somebody changed between the look and the lock stands elsewhere
// by then, is not updated, and counts as busy.
macro_rules! take_found {
    () => {
        " UPDATE jobs SET state = 'running', lease_token = (SELECT gen_random_uuid()),
              lease_until = clock.now + make_interval(secs => ?)
          FROM clock WHERE jobs.ctid = ANY(ARRAY(SELECT location FROM found))
          RETURNING jobs.ctid AS location, jobs.id, jobs.payload, jobs.organization_id, jobs.run_at,
              jobs.trace_id, jobs.created_at, jobs.attempts, jobs.crashes, jobs.blocked_since, jobs.lease_token, jobs.lease_until,
              clock.now"
    };
}

statement!(
    ClaimJobs,
    concat!(
        "WITH clock AS (SELECT coalesce(?, clock_timestamp()) AS now),
         found AS (
             SELECT jobs.ctid AS location FROM jobs, clock
             WHERE jobs.id = ANY(?) AND jobs.queue = ? AND jobs.state = 'scheduled' AND jobs.run_at <= clock.now
             FOR UPDATE OF jobs SKIP LOCKED
         )",
        take_found!()
    )
);

statement!(
    ClaimDueJobs,
    concat!(
        "WITH clock AS (SELECT coalesce(?, clock_timestamp()) AS now),
         found AS (
             SELECT jobs.ctid AS location FROM jobs
             WHERE jobs.queue = ? AND jobs.state = 'scheduled' AND jobs.run_at <= (SELECT now FROM clock)
             ORDER BY jobs.run_at, jobs.id LIMIT ?
             FOR UPDATE SKIP LOCKED
         )",
        take_found!()
    )
);

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = Tid)]
    location: RowLocation,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Jsonb)]
    payload: Payload,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    organization_id: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    run_at: OffsetDateTime,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    trace_id: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    created_at: OffsetDateTime,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Integer)]
    crashes: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    blocked_since: Option<OffsetDateTime>,
    #[diesel(sql_type = SqlUuid)]
    lease_token: Uuid,
    #[diesel(sql_type = Timestamptz)]
    lease_until: OffsetDateTime,
    #[diesel(sql_type = Timestamptz)]
    now: OffsetDateTime,
}

impl From<Claimed> for ClaimedJob {
    fn from(row: Claimed) -> Self {
        Self {
            lease: Lease {
                job_id: JobId::from_database(row.id),
                token: row.lease_token,
                until: row.lease_until,
                attempts: count(row.attempts),
                crashes: count(row.crashes),
                blocked_since: row.blocked_since,
                location: row.location,
            },
            payload: row.payload,
            organization: row.organization_id.map(OrganizationId::from),
            run_at: row.run_at,
            trace: row.trace_id.map(TraceId::from),
            created_at: row.created_at,
            now: row.now,
        }
    }
}

/// Claims those of the jobs that are scheduled and due, in one fenced statement. One that another
/// transaction is busy with is not waited for; ask [`look_up_unclaimed`] what the others are.
///
/// # Errors
/// The database refused; then none is claimed, or all are and their leases will expire.
#[tracing::instrument(skip_all, fields(queue = queue.as_str()))]
pub async fn claim(
    conn: &mut AsyncPgConnection,
    queue: Queue,
    ids: &[JobId],
    lease: Duration,
    now: Option<OffsetDateTime>,
) -> QueryResult<Vec<ClaimedJob>> {
    let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
    let rows: Vec<Claimed> = prepared::<ClaimJobs>()
        .bind::<Nullable<Timestamptz>, _>(now)
        .bind::<Array<Text>, _>(ids)
        .bind::<Text, _>(queue.as_str())
        .bind::<Double, _>(lease.as_secs_f64())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(ClaimedJob::from).collect())
}

/// Claims up to `limit` jobs that are due, the earliest first: the way without Redis, which knows
/// neither turns nor limits.
///
/// # Errors
/// The database refused; then none is claimed, or all are and their leases will expire.
#[tracing::instrument(skip_all, fields(queue = queue.as_str()))]
pub async fn claim_due(
    conn: &mut AsyncPgConnection,
    queue: Queue,
    limit: u32,
    lease: Duration,
    now: Option<OffsetDateTime>,
) -> QueryResult<Vec<ClaimedJob>> {
    let rows: Vec<Claimed> = prepared::<ClaimDueJobs>()
        .bind::<Nullable<Timestamptz>, _>(now)
        .bind::<Text, _>(queue.as_str())
        .bind::<BigInt, _>(i64::from(limit))
        .bind::<Double, _>(lease.as_secs_f64())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(ClaimedJob::from).collect())
}

/// A job that is still scheduled though a claim did not get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnclaimedJob {
    /// The job.
    pub id: JobId,
    /// Time until it is due; zero if another transaction had locked it.
    pub due_in: Duration,
}

statement!(
    LookUpUnclaimed,
    "SELECT jobs.id, greatest(extract(epoch FROM jobs.run_at - coalesce(?, clock_timestamp())), 0)::float8 AS due_in
     FROM jobs WHERE jobs.id = ANY(?) AND jobs.queue = ? AND jobs.state = 'scheduled'"
);

#[derive(QueryableByName)]
struct Unclaimed {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Double)]
    due_in: f64,
}

/// Of the jobs that a claim did not get, those that will be due later. The others are running,
/// dead, finished or cancelled, and the due index may forget them.
///
/// # Errors
/// The database refused.
pub async fn look_up_unclaimed(
    conn: &mut AsyncPgConnection,
    queue: Queue,
    ids: &[JobId],
    now: Option<OffsetDateTime>,
) -> QueryResult<Vec<UnclaimedJob>> {
    let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
    let rows: Vec<Unclaimed> = prepared::<LookUpUnclaimed>()
        .bind::<Nullable<Timestamptz>, _>(now)
        .bind::<Array<Text>, _>(ids)
        .bind::<Text, _>(queue.as_str())
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| UnclaimedJob {
            id: JobId::from_database(row.id),
            due_in: Duration::try_from_secs_f64(row.due_in).unwrap_or_default(),
        })
        .collect())
}
