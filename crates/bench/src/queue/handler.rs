//! Handlers that do nothing, and what they notice.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use rubis_db::{AsyncConnection as _, AsyncPgConnection};
use rubis_jobs::JobError;
use rubis_kernel::{Clock as _, RelanceTaskId, SystemClock};
use rubis_queue::{DeadLetter, Finished, Handler, JobContext};
use rubis_relances::SendRelance;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::timeout;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It has nothing to record: the runner finishes it, many at once.
    Unrecorded,
    /// It records its end in a transaction of its own.
    Recorded,
    Endless,
}

/// A handler for the product's jobs, with the product's ids and payloads.
pub struct NoOp {
    pub course: Course,
    pub tally: Arc<Tally>,
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

    fn note(&self, task: RelanceTaskId) {
        let now = SystemClock.now();
        if let Some(due) = lock(&self.dates).remove(&task) {
            lock(&self.lateness).push((now - due).as_seconds_f64() * 1_000.0);
        }
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.more.notify_one();
    }

    /// Waits until this many jobs have begun.
    pub async fn wait_for(&self, jobs: u32, patience: Duration) -> Result<()> {
        let waiting = async {
            while self.begun.load(Ordering::Relaxed) < jobs {
                self.more.notified().await;
            }
        };
        timeout(patience, waiting).await.with_context(|| {
            format!("of {jobs} jobs {} began in {patience:?}", self.begun.load(Ordering::Relaxed))
        })
    }

    /// Lateness of those jobs began whose dates were noted, in milliseconds.
    pub fn lateness(&self) -> Vec<f64> {
        lock(&self.lateness).clone()
    }
}

#[async_trait]
impl Handler for NoOp {
    type Job = SendRelance;

    async fn run(&self, context: JobContext, job: SendRelance) -> Result<Finished, JobError> {
        self.tally.note(job.task_id);
        match self.course {
            Course::Unrecorded => Ok(Finished::Unrecorded),
            Course::Recorded => {
                let mut conn = context.pool.get().await?;
                conn.transaction(async |conn| Ok::<_, JobError>(context.lease.finish(conn).await?)).await?;
                Ok(Finished::Recorded)
            }
            Course::Endless => std::future::pending().await,
        }
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
