//! Jobs whose worker was lost.

use std::time::Duration;

use diesel::{
    QueryableByName,
    result::QueryResult,
    sql_types::{Array, BigInt, Bool, Double, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rubis_db::statement::{Bind, prepared, statement};
use rubis_kernel::{OrganizationId, TraceId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    ClaimedJob, JobId, Lease, Payload, Queue, ServerTrust,
    row::count,
    row_location::{RowLocation, Tid},
    server_watch::timeline,
};

/// Policy for jobs whose worker was lost. Crashes do not count as attempts of the job: workers die
/// for reasons of their own. A job that takes its worker with it each time is stopped all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashPolicy {
    /// The wait after the first, second, … crash; the last one serves for all further crashes.
    pub delays: Vec<Duration>,
    /// The number of crashes that a job survives; one more, and it is quarantined.
    pub max_crashes: u32,
}

/// The number of times that the reaper hands a job over to be quarantined with its domain. One whose dead-letter
/// callback takes the worker with it each time is then quarantined without.
pub const QUARANTINE_TRIES: u32 = 5;

impl Default for CrashPolicy {
    fn default() -> Self {
        Self { delays: [0, 2, 30, 120, 600].map(Duration::from_secs).to_vec(), max_crashes: 5 }
    }
}

/// The instant and the right by which leases are taken away.
#[derive(Clone, Debug)]
pub enum ReapAt {
    /// This instant, as a test injects it.
    Given(OffsetDateTime),
    /// The instant of the statement, if the server is the one that was watched and the evidence is fresh.
    Watched(ServerTrust),
}

/// The fate of a job whose lease had expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReapOutcome {
    /// It is scheduled again.
    PutBack,
    /// It has lost too many workers. The caller holds it, to make it a dead letter together with its domain.
    ToQuarantine(Box<ClaimedJob>),
    /// It is a dead letter, and its domain does not know: the callback failed with the worker each time.
    Quarantined,
}

/// A job whose lease had expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaped {
    /// The job.
    pub id: JobId,
    /// The tenant.
    pub organization: Option<OrganizationId>,
    /// New date of the job.
    pub run_at: OffsetDateTime,
    /// Number of workers lost so far.
    pub crashes: u32,
    /// Outcome of the job.
    pub outcome: ReapOutcome,
}

// While the server stalled or was down no worker could renew its leases. The evidence says that it has answered
// for long enough since: all that are alive have renewed by now, and only the dead are reaped.
statement!(
    ReapJobs,
    concat!(
        "WITH evidence AS (
             SELECT ?::timestamptz AS given, ?::timestamptz AS started_at, ?::text AS timeline,
                 ?::timestamptz AS trusted_from, ?::timestamptz AS trusted_until
         ),
         clock AS (
             SELECT coalesce(given, clock_timestamp()) AS now,
                 given IS NOT NULL OR (
                     clock_timestamp() BETWEEN trusted_from AND trusted_until
                     AND pg_postmaster_start_time() = started_at AND timeline = ",
        timeline!(),
        "
                 ) AS trusted
             FROM evidence
         ),
         policy AS (
             SELECT ?::float8[] AS delays, ?::integer AS max_crashes, ?::integer AS quarantine_tries,
                 ?::float8 AS lease
         ),
         expired AS (
             SELECT jobs.id, jobs.crashes + 1 AS crashes,
                 CASE WHEN jobs.crashes + 1 <= policy.max_crashes THEN 'put_back'
                     WHEN jobs.crashes + 1 <= policy.max_crashes + policy.quarantine_tries THEN 'handed_over'
                     ELSE 'quarantined' END AS outcome,
                 coalesce(policy.delays[least(jobs.crashes + 1, cardinality(policy.delays))], 0) AS delay
             FROM jobs CROSS JOIN policy
             WHERE jobs.queue = ? AND jobs.state = 'running' AND jobs.lease_until < (SELECT now FROM clock)
                 AND (SELECT trusted FROM clock)
             ORDER BY jobs.lease_until LIMIT ?
             FOR UPDATE OF jobs SKIP LOCKED
         )
         -- A job that comes back at once keeps its date, and with it its place before all that came due later.
         UPDATE jobs SET
             state = CASE expired.outcome WHEN 'put_back' THEN 'scheduled'::job_state
                 WHEN 'handed_over' THEN 'running'::job_state ELSE 'dead'::job_state END,
             crashes = expired.crashes,
             run_at = CASE WHEN expired.outcome <> 'put_back' THEN jobs.run_at
                 WHEN expired.delay > 0 THEN clock.now + make_interval(secs => expired.delay)
                 ELSE least(jobs.run_at, clock.now) END,
             last_error = CASE WHEN expired.outcome = 'quarantined'
                 THEN format('quarantined: %s workers were lost while they ran it', expired.crashes)
                 ELSE jobs.last_error END,
             lease_token = CASE WHEN expired.outcome = 'handed_over' THEN gen_random_uuid() END,
             lease_until = CASE WHEN expired.outcome = 'handed_over'
                 THEN clock.now + make_interval(secs => policy.lease) END
         FROM expired, clock, policy WHERE jobs.id = expired.id
         RETURNING jobs.ctid AS location, jobs.id, jobs.payload, jobs.organization_id, jobs.run_at, jobs.trace_id, jobs.created_at,
             jobs.attempts, jobs.crashes, jobs.lease_token, jobs.lease_until, clock.now,
             expired.outcome = 'quarantined' AS quarantined"
    )
);

#[derive(QueryableByName)]
struct ReapedRow {
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
    #[diesel(sql_type = Nullable<SqlUuid>)]
    lease_token: Option<Uuid>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    lease_until: Option<OffsetDateTime>,
    #[diesel(sql_type = Timestamptz)]
    now: OffsetDateTime,
    #[diesel(sql_type = Bool)]
    quarantined: bool,
}

impl From<ReapedRow> for Reaped {
    fn from(row: ReapedRow) -> Self {
        let id = JobId::from_database(row.id);
        let organization = row.organization_id.map(OrganizationId::from);
        let (run_at, crashes) = (row.run_at, count(row.crashes));
        let outcome = match (row.lease_token, row.lease_until) {
            _ if row.quarantined => ReapOutcome::Quarantined,
            (Some(token), Some(until)) => {
                let attempts = count(row.attempts);
                ReapOutcome::ToQuarantine(Box::new(ClaimedJob {
                    lease: Lease {
                        job_id: id.clone(),
                        token,
                        until,
                        attempts,
                        crashes,
                        blocked_since: None,
                        location: row.location,
                    },
                    payload: row.payload,
                    organization,
                    run_at,
                    trace: row.trace_id.map(TraceId::from),
                    created_at: row.created_at,
                    now: row.now,
                }))
            }
            _ => ReapOutcome::PutBack,
        };
        Self { id, organization, run_at, crashes, outcome }
    }
}

/// Takes up to `limit` jobs from workers whose leases have expired, and puts them back. One that has lost too
/// many workers is handed over with a lease of this length, to be quarantined with [`crate::quarantine`].
///
/// # Errors
/// The database refused.
pub async fn reap_expired(
    conn: &mut AsyncPgConnection,
    queue: Queue,
    policy: &CrashPolicy,
    lease: Duration,
    limit: u32,
    at: &ReapAt,
) -> QueryResult<Vec<Reaped>> {
    let delays: Vec<f64> = policy.delays.iter().map(Duration::as_secs_f64).collect();
    let (given, trust) = match at {
        ReapAt::Given(now) => (Some(*now), None),
        ReapAt::Watched(trust) => (None, Some(trust)),
    };
    let rows: Vec<ReapedRow> = prepared::<ReapJobs>()
        .bind::<Nullable<Timestamptz>, _>(given)
        .bind::<Nullable<Timestamptz>, _>(trust.map(|trust| trust.server.started_at))
        .bind::<Nullable<Text>, _>(trust.map(|trust| trust.server.timeline.clone()))
        .bind::<Nullable<Timestamptz>, _>(trust.map(|trust| trust.from))
        .bind::<Nullable<Timestamptz>, _>(trust.map(|trust| trust.until))
        .bind::<Array<Double>, _>(delays)
        .bind::<Integer, _>(i32::try_from(policy.max_crashes).unwrap_or(i32::MAX / 2))
        .bind::<Integer, _>(i32::try_from(QUARANTINE_TRIES).unwrap_or_default())
        .bind::<Double, _>(lease.as_secs_f64())
        .bind::<Text, _>(queue.as_str())
        .bind::<BigInt, _>(i64::from(limit))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Reaped::from).collect())
}
