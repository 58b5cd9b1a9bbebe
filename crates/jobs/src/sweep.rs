//! Reading the calendar, page by page, without touching it.

use diesel::{
    QueryableByName,
    result::QueryResult,
    sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rubis_db::statement::{Bind, prepared, statement};
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{JobId, Queue};

/// A job that waits for its date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduledJob {
    /// The job.
    pub id: JobId,
    /// The tenant.
    pub organization: Option<OrganizationId>,
    /// Date of the job.
    pub run_at: OffsetDateTime,
}

#[derive(QueryableByName)]
struct Scheduled {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    organization_id: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    run_at: OffsetDateTime,
}

impl From<Scheduled> for ScheduledJob {
    fn from(row: Scheduled) -> Self {
        Self {
            id: JobId::from_database(row.id),
            organization: row.organization_id.map(OrganizationId::from),
            run_at: row.run_at,
        }
    }
}

/// Start of a page.
#[derive(Clone, Debug)]
pub enum PageStart {
    /// With the earliest job of all.
    Earliest,
    /// With the first job after this instant.
    After(OffsetDateTime),
    /// Right after this job, the last one of the page before.
    AfterJob(ScheduledJob),
}

statement!(
    SweepPage,
    "SELECT id, organization_id, run_at FROM jobs
     WHERE queue = ? AND state = 'scheduled' AND (run_at, id) > (coalesce(?, '-infinity'::timestamptz), ?)
         AND run_at <= ?
     ORDER BY run_at, id LIMIT ?"
);

/// Up to `limit` scheduled jobs with a date up to `until`, the earliest first. The cost of a page
/// depends on its size, not on what waits before or after it.
///
/// # Errors
/// The database refused.
pub async fn sweep_page(
    conn: &mut AsyncPgConnection,
    queue: Queue,
    start: &PageStart,
    until: OffsetDateTime,
    limit: u32,
) -> QueryResult<Vec<ScheduledJob>> {
    // No id sorts after U+10FFFF, so that "after this instant" leaves out the instant itself.
    let (after, id) = match start {
        PageStart::Earliest => (None, ""),
        PageStart::After(instant) => (Some(*instant), "\u{10FFFF}"),
        PageStart::AfterJob(job) => (Some(job.run_at), job.id.as_str()),
    };
    let rows: Vec<Scheduled> = prepared::<SweepPage>()
        .bind::<Text, _>(queue.as_str())
        .bind::<Nullable<Timestamptz>, _>(after)
        .bind::<Text, _>(id)
        .bind::<Timestamptz, _>(until)
        .bind::<BigInt, _>(i64::from(limit))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(ScheduledJob::from).collect())
}

statement!(
    SweepNewest,
    "SELECT id, organization_id, run_at FROM jobs
     WHERE queue = ? AND state = 'scheduled' AND run_at >= ? AND run_at <= ?
     ORDER BY run_at DESC, id DESC LIMIT ?"
);

/// Up to `limit` scheduled jobs dated between the two instants, the latest first: jobs that were
/// just enqueued for "now" come before a backlog.
///
/// # Errors
/// The database refused.
pub async fn sweep_newest(
    conn: &mut AsyncPgConnection,
    queue: Queue,
    from: OffsetDateTime,
    until: OffsetDateTime,
    limit: u32,
) -> QueryResult<Vec<ScheduledJob>> {
    let rows: Vec<Scheduled> = prepared::<SweepNewest>()
        .bind::<Text, _>(queue.as_str())
        .bind::<Timestamptz, _>(from)
        .bind::<Timestamptz, _>(until)
        .bind::<BigInt, _>(i64::from(limit))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(ScheduledJob::from).collect())
}

statement!(DatabaseNow, "SELECT coalesce(?, clock_timestamp()) AS now");

#[derive(QueryableByName)]
struct Instant {
    #[diesel(sql_type = Timestamptz)]
    now: OffsetDateTime,
}

/// The instant by the clock that decides what is due, or the one that a test plays at.
///
/// # Errors
/// The database refused.
pub async fn database_now(
    conn: &mut AsyncPgConnection,
    now: Option<OffsetDateTime>,
) -> QueryResult<OffsetDateTime> {
    if let Some(now) = now {
        return Ok(now);
    }
    let row: Instant =
        prepared::<DatabaseNow>().bind::<Nullable<Timestamptz>, _>(now).get_result(conn).await?;
    Ok(row.now)
}
