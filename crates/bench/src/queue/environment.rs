//! A database and a Redis for the product's queue, and workers on them whose handler does nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use rubis_chaos::count;
use rubis_db::{AsyncPgConnection, Pool};
use rubis_jobs::{JobError, Queue};
use rubis_kernel::{Clock as _, OrganizationId, RelanceTaskId, SystemClock};
use rubis_queue::{
    DeadLetter, Finished, Handler, Handlers, JobContext, QueueRunner, QueueSettings, RedisPool, Worker,
};
use rubis_relances::SendRelance;
use rubis_runtime::settings::RedisSettings;
use time::OffsetDateTime;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::{Arguments, PATIENCE};
use crate::Machine;

pub const QUEUE: Queue = Queue::Relances;

/// Connections to PostgreSQL: the product's default.
const CONNECTIONS: u32 = 10;

/// Connections to Redis beside one for each job that runs: as many as the product's worker has.
const SPARE_CONNECTIONS: usize = 8;

/// Rows to a statement when many jobs are enqueued.
const ROWS: usize = 1_000;

#[derive(Clone)]
pub struct Environment {
    pub pool: Pool,
    pub redis: String,
    pub organizations: Vec<OrganizationId>,
    url: String,
    concurrency: u32,
}

impl Environment {
    pub async fn open(machine: &Machine, sizes: &Arguments) -> Result<Self> {
        let url = machine.servers.database("queue").await?;
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
        let redis = machine.servers.redis.url();
        Ok(Self { pool, redis, organizations, url, concurrency: sizes.concurrency })
    }

    /// The same with connections of its own.
    pub fn apart(&self) -> Result<Self> {
        Ok(Self { pool: rubis_db::connect(&self.url, CONNECTIONS)?, ..self.clone() })
    }

    /// Connections to Redis, as a worker has them.
    pub fn redis_pool(&self) -> Result<RedisPool> {
        let size = usize::try_from(self.concurrency)? + SPARE_CONNECTIONS;
        Ok(rubis_runtime::redis::pool(&RedisSettings::at(&self.redis), size)?)
    }

    /// Jobs of the organizations in turn, all for this date.
    pub fn jobs(&self, count: u32, due: OffsetDateTime) -> Vec<(SendRelance, OffsetDateTime)> {
        let organizations = (0..count).zip(self.organizations.iter().cycle());
        organizations
            .map(|(_, one)| (SendRelance { organization_id: *one, task_id: RelanceTaskId::new() }, due))
            .collect()
    }

    pub async fn clear(&self) -> Result<()> {
        Ok(self.pool.get().await?.batch_execute("TRUNCATE jobs").await?)
    }

    /// Enqueues jobs, many to a statement, and returns the seconds that took.
    pub async fn enqueue(&self, jobs: &[(SendRelance, OffsetDateTime)], now: OffsetDateTime) -> Result<f64> {
        let mut conn = self.pool.get().await?;
        let began = Instant::now();
        for rows in jobs.chunks(ROWS) {
            rubis_jobs::enqueue_many(&mut conn, rows, now).await?;
        }
        let seconds = began.elapsed().as_secs_f64();
        // The planner has statistics, as it does with autovacuum.
        conn.batch_execute("ANALYZE jobs").await?;
        Ok(seconds)
    }

    pub async fn wait_until_empty(&self) -> Result<()> {
        let mut conn = self.pool.get().await?;
        let deadline = Instant::now() + PATIENCE;
        while count(&mut conn, "SELECT count(*) AS count FROM (SELECT 1 FROM jobs LIMIT 1) AS one").await? > 0
        {
            ensure!(Instant::now() < deadline, "jobs are left that ran long ago");
            sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// A runner as a worker has one; its jobs do not end if they are `endless`.
    pub fn runner(&self, endless: bool, tally: &Arc<Tally>) -> Result<QueueRunner> {
        let settings = QueueSettings { concurrency: self.concurrency, ..QueueSettings::default() };
        let handlers = Handlers::new().with(NoOp { endless, tally: Arc::clone(tally) });
        Ok(QueueRunner::new(QUEUE, settings, self.pool.clone(), self.redis_pool()?, handlers))
    }

    pub fn serve(&self, tally: &Arc<Tally>) -> Result<Serving> {
        let (stop, stopping) = watch::channel(false);
        let worker = Worker::new().with(self.runner(false, tally)?);
        Ok(Serving { stop, worker: tokio::spawn(worker.run(stopping)) })
    }
}

pub struct Serving {
    stop: watch::Sender<bool>,
    worker: JoinHandle<()>,
}

impl Serving {
    pub async fn stop(self) -> Result<()> {
        self.stop.send_replace(true);
        Ok(timeout(PATIENCE, self.worker).await.context("the worker does not stop")??)
    }
}

/// A handler for the product's jobs, with the product's ids and payloads.
struct NoOp {
    endless: bool,
    tally: Arc<Tally>,
}

#[derive(Default)]
pub struct Tally {
    begun: AtomicU32,
    more: Notify,
    dates: Mutex<HashMap<RelanceTaskId, OffsetDateTime>>,
    lateness: Mutex<Vec<f64>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tally {
    /// Notes when a job will be due, so that its lateness is noticed.
    pub fn expect(&self, task: RelanceTaskId, due: OffsetDateTime) {
        lock(&self.dates).insert(task, due);
    }

    fn begun(&self) -> u32 {
        AtomicU32::load(&self.begun, Ordering::Relaxed)
    }

    fn note(&self, task: RelanceTaskId) {
        let now = SystemClock.now();
        if let Some(due) = lock(&self.dates).remove(&task) {
            lock(&self.lateness).push((now - due).as_seconds_f64() * 1_000.0);
        }
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.more.notify_one();
    }

    /// Waits until this many jobs have begun.
    pub async fn wait_for(&self, jobs: u32) -> Result<()> {
        let waiting = async {
            while self.begun() < jobs {
                self.more.notified().await;
            }
        };
        let late = || format!("of {jobs} jobs {} began in {PATIENCE:?}", self.begun());
        timeout(PATIENCE, waiting).await.with_context(late)
    }

    /// Lateness of the jobs whose dates were noted, in milliseconds.
    pub fn lateness(&self) -> Vec<f64> {
        lock(&self.lateness).clone()
    }
}

#[async_trait]
impl Handler for NoOp {
    type Job = SendRelance;

    async fn run(&self, _context: JobContext, job: SendRelance) -> Result<Finished, JobError> {
        self.tally.note(job.task_id);
        if self.endless {
            std::future::pending::<()>().await;
        }
        Ok(Finished::Unrecorded)
    }

    async fn on_dead_letter(
        &self,
        _conn: &mut AsyncPgConnection,
        _job: SendRelance,
        _letter: &DeadLetter,
    ) -> Result<(), JobError> {
        Ok(())
    }
}
