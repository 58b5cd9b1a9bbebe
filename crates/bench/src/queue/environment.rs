//! A database and a Redis for the product's queue, and workers on them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use rubis_db::Pool;
use rubis_jobs::Queue;
use rubis_kernel::{OrganizationId, RelanceTaskId};
use rubis_queue::{Handlers, QueueRunner, QueueSettings, RedisPool, Worker};
use rubis_relances::SendRelance;
use rubis_runtime::settings::RedisSettings;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::Arguments;
use super::handler::{Course, NoOp, Tally};
use crate::Machine;

/// The queue that is measured.
pub const QUEUE: Queue = Queue::Relances;

/// Connections to Postgres: the product's default.
const CONNECTIONS: u32 = 10;

/// Connections to Redis beside one for each job that runs: as many as the product's worker has.
const SPARE_CONNECTIONS: usize = 8;

/// Rows to a statement when many jobs are enqueued.
const ROWS: usize = 1_000;

/// Time the end of something may take that should not take a minute.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Environment {
    pub pool: Pool,
    pub redis: String,
    url: String,
    organizations: Vec<OrganizationId>,
    concurrency: u32,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    holds: bool,
}

impl Environment {
    /// Makes a database with organizations.
    pub async fn open(machine: &Machine, sizes: &Arguments) -> Result<Self> {
        let url = machine.database("queue").await?;
        let pool = rubis_db::connect(&url, CONNECTIONS)?;
        let organizations: Vec<_> = (0..sizes.organizations).map(|_| OrganizationId::new()).collect();
        let ids: Vec<Uuid> = organizations.iter().map(OrganizationId::as_uuid).collect();
        diesel::sql_query(
            "INSERT INTO organizations (id, name, created_at, updated_at)
             SELECT id, 'Société', now(), now() FROM unnest($1) AS given(id)",
        )
        .bind::<Array<SqlUuid>, _>(ids)
        .execute(&mut *pool.get().await?)
        .await?;
        Ok(Self {
            pool,
            redis: machine.servers.redis.url(),
            url,
            organizations,
            concurrency: sizes.concurrency,
        })
    }

    /// The same with connections of its own.
    pub fn apart(&self) -> Result<Self> {
        Ok(Self {
            pool: rubis_db::connect(&self.url, CONNECTIONS)?,
            redis: self.redis.clone(),
            url: self.url.clone(),
            organizations: self.organizations.clone(),
            concurrency: self.concurrency,
        })
    }

    /// Connections to Redis, as a worker has them.
    pub fn redis_pool(&self) -> Result<RedisPool> {
        let size = usize::try_from(self.concurrency)? + SPARE_CONNECTIONS;
        Ok(rubis_runtime::redis::pool(&RedisSettings::at(&self.redis), size)?)
    }

    /// Jobs of the organizations in turn, all for this date.
    pub fn jobs(&self, count: u32, due: OffsetDateTime) -> Vec<(SendRelance, OffsetDateTime)> {
        let organizations = self.organizations.iter().cycle();
        (0..count)
            .zip(organizations)
            .map(|(_, organization)| {
                (SendRelance { organization_id: *organization, task_id: RelanceTaskId::new() }, due)
            })
            .collect()
    }

    /// Deletes all jobs that are left from something else.
    pub async fn clear(&self) -> Result<()> {
        Ok(self.pool.get().await?.batch_execute("TRUNCATE jobs").await?)
    }

    /// Enqueues jobs, many to a statement, and says how long that took, in seconds.
    pub async fn enqueue(&self, jobs: &[(SendRelance, OffsetDateTime)], now: OffsetDateTime) -> Result<f64> {
        let mut conn = self.pool.get().await?;
        let began = Instant::now();
        for rows in jobs.chunks(ROWS) {
            rubis_jobs::enqueue_many(&mut conn, rows, now).await?;
        }
        Ok(began.elapsed().as_secs_f64())
    }

    /// Waits until no job is left.
    pub async fn wait_until_empty(&self) -> Result<()> {
        let mut conn = self.pool.get().await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer: Answer = diesel::sql_query("SELECT NOT EXISTS (SELECT 1 FROM jobs) AS holds")
                .get_result(&mut *conn)
                .await?;
            if answer.holds {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "jobs are left that ran long ago");
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// A runner as a worker has one.
    pub fn runner(&self, course: Course, tally: &Arc<Tally>) -> Result<QueueRunner> {
        let settings = QueueSettings { concurrency: self.concurrency, ..QueueSettings::default() };
        let handlers = Handlers::new().with(NoOp { course, tally: Arc::clone(tally) });
        Ok(QueueRunner::new(QUEUE, settings, self.pool.clone(), self.redis_pool()?, handlers))
    }

    /// Starts a worker.
    pub fn serve(&self, course: Course, tally: &Arc<Tally>) -> Result<Serving> {
        let (stop, stopping) = watch::channel(false);
        let worker = Worker::new().with(self.runner(course, tally)?);
        Ok(Serving { stop, worker: tokio::spawn(worker.run(stopping)) })
    }
}

/// A worker that serves.
pub struct Serving {
    stop: watch::Sender<bool>,
    worker: JoinHandle<()>,
}

impl Serving {
    /// Stops it, and waits for its end.
    pub async fn stop(self) -> Result<()> {
        self.stop.send_replace(true);
        Ok(timeout(PATIENCE, self.worker).await.context("the worker does not stop")??)
    }
}
