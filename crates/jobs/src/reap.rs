//! Jobs whose worker was lost.

use std::time::Duration;

use diesel::{
    QueryableByName,
    result::QueryResult,
    sql_types::{Array, BigInt, Bool, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rubis_db::statement::{Bind, prepared, statement};
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{JobId, Queue, row::count};

/// What happens to a job whose worker was lost. Crashes are no attempts of the job: workers die
/// for reasons of their own. A job that takes its worker with it each time is stopped all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashPolicy {
    /// The wait after the first, second, … crash; the last one serves for all further crashes.
    pub delays: Vec<Duration>,
    /// The number of crashes that a job survives; one more, and it is quarantined.
    pub max_crashes: u32,
}

impl Default for CrashPolicy {
    fn default() -> Self {
        Self { delays: [0, 2, 30, 120, 600].map(Duration::from_secs).to_vec(), max_crashes: 5 }
    }
}

/// A job whose lease had expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaped {
    /// The job.
    pub id: JobId,
    /// The tenant.
    pub organization: Option<OrganizationId>,
    /// When it is due again.
    pub run_at: OffsetDateTime,
    /// How many workers it has lost by now.
    pub crashes: u32,
    /// It has lost too many, and waits among the dead letters for an operator.
    pub quarantined: bool,
}

// While the server was down no worker could renew its leases. Six seconds after a start are two
// heartbeats and more: whoever is still alive has renewed by then, and only the dead are reaped.
statement!(
    ReapJobs,
    "WITH clock AS (
         SELECT coalesce(given, clock_timestamp()) AS now,
             given IS NOT NULL OR clock_timestamp() > pg_postmaster_start_time() + interval '6 seconds' AS trusted
         FROM (SELECT ?::timestamptz AS given) AS injected
     ),
     policy AS (SELECT ?::float8[] AS delays, ?::integer AS max_crashes),
     expired AS (
         SELECT jobs.id, jobs.crashes + 1 AS crashes, jobs.crashes + 1 > policy.max_crashes AS quarantined,
             coalesce(policy.delays[least(jobs.crashes + 1, cardinality(policy.delays))], 0) AS delay
         FROM jobs CROSS JOIN policy
         WHERE jobs.queue = ? AND jobs.state = 'running' AND jobs.lease_until < (SELECT now FROM clock)
             AND (SELECT trusted FROM clock)
         ORDER BY jobs.lease_until LIMIT ?
         FOR UPDATE OF jobs SKIP LOCKED
     )
     -- A job that comes back at once keeps its date, and with it its place before all that came due later.
     UPDATE jobs SET
         state = CASE WHEN expired.quarantined THEN 'dead'::job_state ELSE 'scheduled'::job_state END,
         crashes = expired.crashes,
         run_at = CASE WHEN expired.delay > 0 THEN clock.now + make_interval(secs => expired.delay)
             ELSE least(jobs.run_at, clock.now) END,
         last_error = CASE WHEN expired.quarantined
             THEN format('quarantined: %s workers were lost while they ran it', expired.crashes)
             ELSE jobs.last_error END,
         lease_token = NULL, lease_until = NULL
     FROM expired, clock WHERE jobs.id = expired.id
     RETURNING jobs.id, jobs.organization_id, jobs.run_at, jobs.crashes, expired.quarantined"
);

#[derive(QueryableByName)]
struct ReapedRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    organization_id: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    run_at: OffsetDateTime,
    #[diesel(sql_type = Integer)]
    crashes: i32,
    #[diesel(sql_type = Bool)]
    quarantined: bool,
}

/// Takes up to `limit` jobs from workers whose leases have expired, and puts them back or
/// quarantines them.
///
/// # Errors
/// The database refused.
pub async fn reap_expired(
    conn: &mut AsyncPgConnection,
    queue: Queue,
    policy: &CrashPolicy,
    limit: u32,
    now: Option<OffsetDateTime>,
) -> QueryResult<Vec<Reaped>> {
    let delays: Vec<f64> = policy.delays.iter().map(Duration::as_secs_f64).collect();
    let rows: Vec<ReapedRow> = prepared::<ReapJobs>()
        .bind::<Nullable<Timestamptz>, _>(now)
        .bind::<Array<Double>, _>(delays)
        .bind::<Integer, _>(i32::try_from(policy.max_crashes).unwrap_or(i32::MAX))
        .bind::<Text, _>(queue.as_str())
        .bind::<BigInt, _>(i64::from(limit))
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Reaped {
            id: JobId::from_database(row.id),
            organization: row.organization_id.map(OrganizationId::from),
            run_at: row.run_at,
            crashes: count(row.crashes),
            quarantined: row.quarantined,
        })
        .collect())
}
