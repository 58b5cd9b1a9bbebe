//! The right to run a job, for a while.

use std::time::Duration;

use diesel::{
    QueryableByName,
    result::QueryResult,
    sql_types::{Array, Double, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rubis_db::statement::{Bind, prepared, statement};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{FinishError, Job, JobId, row_location::RowLocation};

/// A worker's hold on a job. Whatever is recorded for the job is fenced by its token: once the
/// lease has passed to another worker, nothing of the former one can be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job_id: JobId,
    /// Drawn anew at each claim, for all its jobs.
    pub token: Uuid,
    /// End of the lease, by the clock of PostgreSQL, unless it is renewed.
    pub until: OffsetDateTime,
    /// Failures so far.
    pub attempts: u32,
    /// Workers that were lost while they held the job.
    pub crashes: u32,
    /// The time since when the job has been waiting for a server that is away.
    pub blocked_since: Option<OffsetDateTime>,
    /// Location of the row after the claim. A renewal moves the row.
    pub(crate) location: RowLocation,
}

// A token says that the job is running; the conditions do not name the state, as [`crate::finish`]
// explains.
statement!(FinishJob, "DELETE FROM jobs WHERE id = ? AND lease_token = ?");

statement!(
    RescheduleJob,
    "UPDATE jobs SET state = 'scheduled', run_at = ?, attempts = 0, crashes = 0, last_error = NULL,
         blocked_since = NULL, lease_token = NULL, lease_until = NULL
     WHERE id = ? AND lease_token = ?"
);

statement!(
    PutOffJob,
    "UPDATE jobs SET state = 'scheduled', run_at = moved.run_at,
         blocked_since = blocked_since + (moved.run_at - moved.now), lease_token = NULL, lease_until = NULL
     FROM (SELECT ?::timestamptz AS run_at, ?::timestamptz AS now) AS moved
     WHERE id = ? AND lease_token = ?"
);

statement!(
    ContinueJob,
    "UPDATE jobs SET payload = ?, state = 'scheduled', run_at = ?, attempts = 0, crashes = 0, last_error = NULL,
         lease_token = NULL, lease_until = NULL
     WHERE id = ? AND lease_token = ?"
);

statement!(ConfirmLease, "SELECT id FROM jobs WHERE id = ? AND lease_token = ? FOR NO KEY UPDATE");

impl Lease {
    /// Records that the job is done, by deleting it. Call it in the transaction that holds the
    /// job's effect, and let that transaction fail when this does.
    ///
    /// # Errors
    /// [`FinishError::LeaseLost`] when another worker may have the job.
    pub async fn finish(&self, mut conn: &AsyncPgConnection) -> Result<(), FinishError> {
        let deleted = prepared::<FinishJob>()
            .bind::<Text, _>(self.job_id.as_str())
            .bind::<SqlUuid, _>(self.token)
            .execute(&mut conn)
            .await?;
        if deleted == 0 { Err(FinishError::LeaseLost) } else { Ok(()) }
    }

    /// Makes sure that the job is still this worker's, and that it stays so until the transaction
    /// ends: for what is recorded before the job is finished.
    ///
    /// # Errors
    /// [`FinishError::LeaseLost`] when another worker may have the job.
    pub async fn confirm(&self, mut conn: &AsyncPgConnection) -> Result<(), FinishError> {
        let held: Vec<Held> = prepared::<ConfirmLease>()
            .bind::<Text, _>(self.job_id.as_str())
            .bind::<SqlUuid, _>(self.token)
            .load(&mut conn)
            .await?;
        if held.is_empty() { Err(FinishError::LeaseLost) } else { Ok(()) }
    }

    /// Gives the job another date in place of finishing it, as though it had just been enqueued.
    /// As with [`Lease::finish`], call it in the transaction that records why.
    ///
    /// # Errors
    /// [`FinishError::LeaseLost`] when another worker may have the job.
    pub async fn reschedule(
        &self,
        conn: &mut AsyncPgConnection,
        run_at: OffsetDateTime,
    ) -> Result<(), FinishError> {
        let moved = prepared::<RescheduleJob>()
            .bind::<Timestamptz, _>(run_at)
            .bind::<Text, _>(self.job_id.as_str())
            .bind::<SqlUuid, _>(self.token)
            .execute(conn)
            .await?;
        if moved == 0 { Err(FinishError::LeaseLost) } else { Ok(()) }
    }

    /// As [`Lease::reschedule`], for a job that waited for a server: its attempts stay, and so does the time for which
    /// the server was away. The time until the new date does not count as an outage.
    ///
    /// # Errors
    /// [`FinishError::LeaseLost`] if another worker may have the job.
    pub async fn put_off(
        &self,
        conn: &mut AsyncPgConnection,
        run_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<(), FinishError> {
        let moved = prepared::<PutOffJob>()
            .bind::<Timestamptz, _>(run_at)
            .bind::<Timestamptz, _>(now)
            .bind::<Text, _>(self.job_id.as_str())
            .bind::<SqlUuid, _>(self.token)
            .execute(conn)
            .await?;
        if moved == 0 { Err(FinishError::LeaseLost) } else { Ok(()) }
    }

    /// As [`Lease::reschedule`], with another payload under the same id: the place from which the next run continues.
    ///
    /// # Errors
    /// [`FinishError::LeaseLost`] if another worker may have the job.
    pub async fn continue_as<J: Job>(
        &self,
        conn: &mut AsyncPgConnection,
        job: &J,
        run_at: OffsetDateTime,
    ) -> Result<(), FinishError> {
        let payload = serde_json::to_value(job)
            .map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
        let moved = prepared::<ContinueJob>()
            .bind::<Jsonb, _>(payload)
            .bind::<Timestamptz, _>(run_at)
            .bind::<Text, _>(self.job_id.as_str())
            .bind::<SqlUuid, _>(self.token)
            .execute(conn)
            .await?;
        if moved == 0 { Err(FinishError::LeaseLost) } else { Ok(()) }
    }
}

/// The ids and tokens of leases, as a statement takes them.
pub(crate) fn columns<'a>(leases: impl IntoIterator<Item = &'a Lease>) -> (Vec<&'a str>, Vec<Uuid>) {
    leases.into_iter().map(|lease| (lease.job_id.as_str(), lease.token)).unzip()
}

// A row that is locked is being finished, or somebody waits to move it; to wait for that would let
// all the other leases expire.
statement!(
    RenewLeases,
    "WITH clock AS (SELECT coalesce(?, clock_timestamp()) AS now),
     held AS (
         SELECT jobs.id FROM jobs JOIN unnest(?, ?) AS lease(id, token)
             ON jobs.id = lease.id AND jobs.lease_token = lease.token
         ORDER BY jobs.id FOR UPDATE OF jobs SKIP LOCKED
     )
     UPDATE jobs SET lease_until = clock.now + make_interval(secs => ?)
     FROM held, clock WHERE jobs.id = held.id
     RETURNING jobs.id"
);

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Text)]
    #[expect(dead_code, reason = "that there is a row is all that is asked")]
    id: String,
}

#[derive(QueryableByName)]
struct Renewed {
    #[diesel(sql_type = Text)]
    id: String,
}

/// The heartbeat: lengthens the leases to `length` from now, in one statement. Returns those that
/// were renewed; one that is missing was lost, or is being finished at this very moment.
///
/// # Errors
/// The database refused.
pub async fn renew(
    conn: &mut AsyncPgConnection,
    leases: &[Lease],
    length: Duration,
    now: Option<OffsetDateTime>,
) -> QueryResult<Vec<JobId>> {
    let (ids, tokens) = columns(leases);
    let rows: Vec<Renewed> = prepared::<RenewLeases>()
        .bind::<Nullable<Timestamptz>, _>(now)
        .bind::<Array<Text>, _>(ids)
        .bind::<Array<SqlUuid>, _>(tokens)
        .bind::<Double, _>(length.as_secs_f64())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| JobId::from_database(row.id)).collect())
}
