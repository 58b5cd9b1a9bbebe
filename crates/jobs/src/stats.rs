//! Figures of a queue, for metrics and operators.

use std::time::Duration;

use diesel::{
    QueryableByName,
    result::QueryResult,
    sql_types::{BigInt, Double, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rubis_db::statement::{Bind, prepared, statement};
use time::OffsetDateTime;

use crate::Queue;

/// Up to this many rows are counted one by one. Each worker counts every few seconds: fifty thousand
/// took up to 150 ms of Postgres, ten million would cost more than the queue itself.
pub const COUNTED_EXACTLY: u32 = 10_000;

/// Figures of a queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueueStats {
    /// Jobs that wait for their date or for a worker. Beyond [`COUNTED_EXACTLY`] it is what the
    /// planner's statistics say of the scheduled jobs of all queues.
    pub waiting: u64,
    /// Those of them that are due; at most [`COUNTED_EXACTLY`].
    pub due: u64,
    /// Lateness of the oldest of those.
    pub oldest_lateness: Duration,
    /// Jobs that a worker holds; at most [`COUNTED_EXACTLY`].
    pub running: u64,
    /// Dead letters and quarantined jobs; at most [`COUNTED_EXACTLY`].
    pub dead: u64,
}

statement!(
    ReadStats,
    "WITH input AS (
         SELECT coalesce(?, clock_timestamp()) AS now, ?::text AS queue, ?::bigint AS bound
     ),
     counted AS (
         SELECT
             (SELECT count(*) FROM (
                 SELECT 1 FROM jobs WHERE queue = (SELECT queue FROM input) AND state = 'scheduled'
                 LIMIT (SELECT bound FROM input)) AS bounded) AS waiting,
             (SELECT count(*) FROM (
                 SELECT 1 FROM jobs WHERE queue = (SELECT queue FROM input) AND state = 'scheduled'
                     AND run_at <= (SELECT now FROM input)
                 LIMIT (SELECT bound FROM input)) AS bounded) AS due,
             (SELECT count(*) FROM (
                 SELECT 1 FROM jobs WHERE queue = (SELECT queue FROM input) AND state = 'running'
                 LIMIT (SELECT bound FROM input)) AS bounded) AS running,
             (SELECT count(*) FROM (
                 SELECT 1 FROM jobs WHERE queue = (SELECT queue FROM input) AND state = 'dead'
                 LIMIT (SELECT bound FROM input)) AS bounded) AS dead,
             (SELECT run_at FROM jobs WHERE queue = (SELECT queue FROM input) AND state = 'scheduled'
                 ORDER BY run_at LIMIT 1) AS oldest
     )
     SELECT
         CASE WHEN waiting < bound THEN waiting ELSE greatest(waiting,
             (SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass('jobs_scheduled'))) END AS waiting,
         due, running, dead,
         coalesce(greatest(extract(epoch FROM now - oldest), 0), 0)::float8 AS lateness
     FROM counted, input"
);

#[derive(QueryableByName)]
struct StatsRow {
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = BigInt)]
    due: i64,
    #[diesel(sql_type = BigInt)]
    running: i64,
    #[diesel(sql_type = BigInt)]
    dead: i64,
    #[diesel(sql_type = Double)]
    lateness: f64,
}

/// Returns the figures of the queue, at a cost that does not grow with its length.
///
/// # Errors
/// The database refused.
pub async fn stats(
    conn: &mut AsyncPgConnection,
    queue: Queue,
    now: Option<OffsetDateTime>,
) -> QueryResult<QueueStats> {
    let row: StatsRow = prepared::<ReadStats>()
        .bind::<Nullable<Timestamptz>, _>(now)
        .bind::<Text, _>(queue.as_str())
        .bind::<BigInt, _>(i64::from(COUNTED_EXACTLY))
        .get_result(conn)
        .await?;
    let unsigned = |count: i64| u64::try_from(count).unwrap_or_default();
    Ok(QueueStats {
        waiting: unsigned(row.waiting),
        due: unsigned(row.due),
        oldest_lateness: Duration::try_from_secs_f64(row.lateness).unwrap_or_default(),
        running: unsigned(row.running),
        dead: unsigned(row.dead),
    })
}
