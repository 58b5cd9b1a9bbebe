//! A row of the table, whole.

use diesel::{
    deserialize::{FromSqlRow, QueryableByName},
    expression::AsExpression,
    sql_types::{Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::JobId;

/// State of a job. A finished job has none: its row is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = rubis_db::schema::sql_types::JobState)]
pub enum JobState {
    /// It waits for its date.
    Scheduled,
    /// A worker holds its lease.
    Running,
    /// It was given up, and waits for an operator.
    Dead,
}

rubis_db::pg_enum!(JobState, rubis_db::schema::sql_types::JobState {
    Scheduled => "scheduled", Running => "running", Dead => "dead",
});

/// Everything the table knows of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    /// The id.
    pub id: JobId,
    /// The name of its queue; of a newer release perhaps, so not a [`crate::Queue`].
    pub queue: String,
    /// The serialised [`crate::Job`].
    pub payload: serde_json::Value,
    /// The tenant.
    pub organization: Option<OrganizationId>,
    /// Date of the job.
    pub run_at: OffsetDateTime,
    pub state: JobState,
    /// Failures that its handler reported.
    pub attempts: u32,
    /// Workers that died, or lost their lease, while they held it.
    pub crashes: u32,
    /// Until when the worker that runs it holds it.
    pub lease_until: Option<OffsetDateTime>,
    /// The last failure.
    pub last_error: Option<String>,
    /// Time at which the payload was written.
    pub created_at: OffsetDateTime,
}

/// The columns of [`StoredJob`], for a `SELECT`.
macro_rules! stored_job_columns {
    () => {
        "id, queue, payload, organization_id, run_at, state, attempts, crashes, lease_until, last_error, created_at"
    };
}
pub(crate) use stored_job_columns;

/// The row as the database returns it.
#[derive(QueryableByName)]
pub(crate) struct StoredJob {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    queue: String,
    #[diesel(sql_type = Jsonb)]
    payload: serde_json::Value,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    organization_id: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    run_at: OffsetDateTime,
    #[diesel(sql_type = rubis_db::schema::sql_types::JobState)]
    state: JobState,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Integer)]
    crashes: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    lease_until: Option<OffsetDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    last_error: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    created_at: OffsetDateTime,
}

impl From<StoredJob> for JobRow {
    fn from(stored: StoredJob) -> Self {
        Self {
            id: JobId::from_database(stored.id),
            queue: stored.queue,
            payload: stored.payload,
            organization: stored.organization_id.map(OrganizationId::from),
            run_at: stored.run_at,
            state: stored.state,
            attempts: count(stored.attempts),
            crashes: count(stored.crashes),
            lease_until: stored.lease_until,
            last_error: stored.last_error,
            created_at: stored.created_at,
        }
    }
}

/// A counter, which a `CHECK` keeps from being negative.
pub(crate) fn count(stored: i32) -> u32 {
    u32::try_from(stored).unwrap_or_default()
}
