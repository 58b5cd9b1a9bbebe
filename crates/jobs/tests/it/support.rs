//! A job for tests, and a calendar to put it on.

use std::time::Duration;

use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use rubis_db::AsyncPgConnection;
use rubis_jobs::{ClaimedJob, Enqueued, Job, JobId, JobRow, Queue, RetryPolicy};
use rubis_kernel::OrganizationId;
use rubis_testkit::TestDatabase;
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, macros::datetime};

/// The instant at which the tests begin.
pub const START: OffsetDateTime = datetime!(2027-03-01 09:00 UTC);

/// The length of leases.
pub const LEASE: Duration = Duration::from_secs(10);

pub const QUEUE: Queue = Queue::Relances;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Probe {
    pub key: u32,
    pub note: String,
    pub organization: Option<OrganizationId>,
}

impl Job for Probe {
    const KIND: &'static str = "probe";
    const QUEUE: Queue = QUEUE;
    const RETRY: RetryPolicy = RetryPolicy {
        max_attempts: 3,
        first_delay: Duration::from_secs(1),
        max_delay: Duration::from_secs(60),
    };

    fn id(&self) -> JobId {
        JobId::new(Self::KIND, self.key)
    }

    fn organization(&self) -> Option<OrganizationId> {
        self.organization
    }
}

pub fn probe(key: u32) -> Probe {
    Probe { key, note: String::new(), organization: None }
}

pub fn id(key: u32) -> JobId {
    probe(key).id()
}

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A database, and a connection that waits no longer than a test may take.
pub struct Calendar {
    pub database: TestDatabase,
    pub conn: AsyncPgConnection,
}

impl Calendar {
    pub async fn create() -> Self {
        let database = TestDatabase::create().await;
        let conn = connect(&database).await;
        Self { database, conn }
    }

    pub async fn second_connection(&self) -> AsyncPgConnection {
        connect(&self.database).await
    }

    pub async fn enqueue(&mut self, key: u32, run_at: OffsetDateTime) -> Enqueued {
        rubis_jobs::enqueue(&mut self.conn, &probe(key), run_at, START).await.unwrap()
    }

    pub async fn claim(&mut self, keys: &[u32], now: OffsetDateTime) -> Vec<ClaimedJob> {
        let ids: Vec<JobId> = keys.iter().copied().map(id).collect();
        let mut jobs = rubis_jobs::claim(&mut self.conn, QUEUE, &ids, LEASE, Some(now)).await.unwrap();
        jobs.sort_by(|left, right| left.lease.job_id.cmp(&right.lease.job_id));
        jobs
    }

    /// Enqueues and claims one job.
    pub async fn claimed(&mut self, key: u32) -> ClaimedJob {
        self.enqueue(key, START).await;
        self.claim(&[key], START).await.remove(0)
    }

    /// Lets all leases end in the past by the clock of the database.
    pub async fn expire_leases(&mut self) {
        let sql =
            "UPDATE jobs SET lease_until = clock_timestamp() - interval '1 hour' WHERE state = 'running'";
        self.conn.batch_execute(sql).await.unwrap();
    }

    pub async fn find(&mut self, key: u32) -> Option<JobRow> {
        rubis_jobs::find(&mut self.conn, &id(key)).await.unwrap()
    }

    pub async fn row(&mut self, key: u32) -> JobRow {
        self.find(key).await.expect("the job exists")
    }

    /// The location of the job's row in its table.
    pub async fn location(&mut self, key: u32) -> String {
        #[derive(diesel::QueryableByName)]
        struct Location {
            #[diesel(sql_type = diesel::sql_types::Text)]
            location: String,
        }
        let found: Location = diesel::sql_query("SELECT ctid::text AS location FROM jobs WHERE id = $1")
            .bind::<diesel::sql_types::Text, _>(id(key).as_str())
            .get_result(&mut self.conn)
            .await
            .unwrap();
        found.location
    }

    pub async fn organization(&mut self) -> OrganizationId {
        let organization = OrganizationId::new();
        diesel::sql_query(
            "INSERT INTO organizations (id, name, created_at, updated_at) VALUES ($1, 'Test', now(), now())",
        )
        .bind::<diesel::sql_types::Uuid, _>(organization.as_uuid())
        .execute(&mut self.conn)
        .await
        .unwrap();
        organization
    }
}

async fn connect(database: &TestDatabase) -> AsyncPgConnection {
    let mut conn = rubis_db::establish(&database.url).await.unwrap();
    conn.batch_execute("SET statement_timeout = '20s'").await.unwrap();
    conn
}
