//! One queue, as one worker serves it, step by step.

use std::sync::Arc;

use futures_util::future::join_all;
use rubis_db::Pool;
use rubis_jobs::{Lease, Queue};
use time::OffsetDateTime;

use crate::{
    FeedReport, Handlers, Jitter, OfferedJob, Offers, QueueError, QueueSettings, RedisPool, RunReport,
    claimer::{Claim, Claimer},
    execute::{Completed, execute},
    feeder::{Feeder, OnPage},
    held::Held,
    metrics,
    recent::Recent,
    settle::{Settlement, Settler},
};

/// How often a step tries again to record what it could not.
const SETTLE_AGAIN: u32 = 2;

/// One queue, as one worker serves it. A [`crate::Worker`] takes its steps by the clock; tests take
/// them one at a time, at instants of their choice.
#[derive(Clone)]
pub struct QueueRunner {
    pub(crate) parts: Arc<Parts>,
}

pub(crate) struct Parts {
    pub(crate) queue: Queue,
    pub(crate) settings: QueueSettings,
    pub(crate) pool: Pool,
    lease_pool: Pool,
    pub(crate) offers: Offers,
    pub(crate) held: Held,
    recent: Recent,
    handlers: Handlers,
    jitter: Jitter,
    claimer: Claimer,
}

impl QueueRunner {
    /// Serves the queue with these handlers.
    #[must_use]
    pub fn new(
        queue: Queue,
        settings: QueueSettings,
        pool: Pool,
        redis: RedisPool,
        handlers: Handlers,
    ) -> Self {
        Self::with_jitter(queue, settings, pool, redis, handlers, Jitter::random())
    }

    /// As [`QueueRunner::new`], with chance of one's own choice.
    #[must_use]
    pub fn with_jitter(
        queue: Queue,
        settings: QueueSettings,
        pool: Pool,
        redis: RedisPool,
        handlers: Handlers,
        jitter: Jitter,
    ) -> Self {
        let offers = Offers::new(queue, redis, &settings.prefix);
        let claimer = Claimer::new(queue, &settings);
        let (held, recent) = (Held::default(), Recent::default());
        let lease_pool = pool.clone();
        let parts =
            Parts { queue, settings, pool, lease_pool, offers, held, recent, handlers, jitter, claimer };
        Self { parts: Arc::new(parts) }
    }

    /// Renews leases on connections of their own, before the runner is cloned. Handlers that hold every
    /// other connection for long would let leases end, and with them their jobs run twice.
    #[must_use]
    pub fn renewing_on(mut self, pool: Pool) -> Self {
        if let Some(parts) = Arc::get_mut(&mut self.parts) {
            parts.lease_pool = pool;
        }
        self
    }

    /// The queue.
    #[must_use]
    pub fn queue(&self) -> Queue {
        self.parts.queue
    }

    /// One step of the feeder at this instant, as a worker takes one each second.
    ///
    /// # Errors
    /// Postgres does not answer. That Redis does not is no error: the report says so.
    pub async fn feed_once(&self, now: OffsetDateTime) -> Result<FeedReport, QueueError> {
        self.parts.feed(false, Some(now), &|_| ()).await
    }

    /// Reads the whole calendar and runs all that is due at this instant, and what that makes due,
    /// until nothing is.
    ///
    /// # Errors
    /// Postgres does not answer.
    pub async fn run_due(&self, now: OffsetDateTime) -> Result<RunReport, QueueError> {
        self.parts.feed(true, Some(now), &|_| ()).await?;
        let mut report = RunReport::default();
        while let Some(batch) = self.run_batch(now).await? {
            report += batch;
        }
        Ok(report)
    }

    /// Claims once, at this instant, and runs what was claimed. None when nothing was due.
    ///
    /// # Errors
    /// Postgres does not answer, or not any more: what ran but could not be recorded comes back
    /// when its lease ends.
    pub async fn run_batch(&self, now: OffsetDateTime) -> Result<Option<RunReport>, QueueError> {
        let parts = &self.parts;
        let count = usize::try_from(parts.settings.concurrency).unwrap_or(usize::MAX);
        let claim = parts.claim(count, Some(now)).await?;
        if claim.jobs.is_empty() {
            return Ok(claim.looked.then(RunReport::default));
        }
        let completed = join_all(claim.jobs.into_iter().map(|job| parts.execute(job))).await;
        let mut settlement = parts.settle(completed, Some(now)).await;
        let mut report = settlement.report;
        // A connection that broke under a handler shows it at its next use, and is replaced.
        for _ in 0..SETTLE_AGAIN {
            if settlement.unsettled.is_empty() {
                break;
            }
            settlement = parts.settle(settlement.unsettled, Some(now)).await;
            report += settlement.report;
        }
        parts.held.remove(settlement.unsettled.iter().map(|completed| &completed.job.lease));
        Ok(Some(report))
    }
}

impl Parts {
    pub(crate) async fn feed(
        &self,
        force: bool,
        now: Option<OffsetDateTime>,
        on_page: OnPage<'_>,
    ) -> Result<FeedReport, QueueError> {
        let feeder = Feeder {
            queue: self.queue,
            settings: &self.settings,
            pool: &self.pool,
            offers: &self.offers,
            recent: &self.recent,
            on_page,
        };
        feeder.feed(force, now).await
    }

    pub(crate) async fn claim(&self, count: usize, now: Option<OffsetDateTime>) -> Result<Claim, QueueError> {
        let claim = self.claimer.claim(&self.pool, &self.offers, count, now).await?;
        self.held.add(&claim.jobs);
        Ok(claim)
    }

    pub(crate) async fn execute(&self, job: rubis_jobs::ClaimedJob) -> Completed {
        execute(self.queue, &self.handlers, &self.pool, job).await
    }

    pub(crate) async fn settle(&self, completed: Vec<Completed>, now: Option<OffsetDateTime>) -> Settlement {
        let settler = Settler {
            queue: self.queue,
            settings: &self.settings,
            pool: &self.pool,
            offers: &self.offers,
            handlers: &self.handlers,
            jitter: &self.jitter,
            held: &self.held,
        };
        settler.settle(completed, now).await
    }

    /// Gives a sign of life for every job that is held.
    pub(crate) async fn renew(&self) -> Result<(), QueueError> {
        let (leases, jobs): (Vec<_>, Vec<_>) = self.held.all().into_iter().unzip();
        if leases.is_empty() {
            return Ok(());
        }
        let mut conn = self.lease_pool.get().await?;
        rubis_jobs::renew(&mut conn, &leases, self.settings.lease, None).await?;
        drop(conn);
        if self.offers.is_up() {
            self.offers.renew(&jobs, self.settings.lease, None).await?;
        }
        Ok(())
    }

    /// Puts back jobs that are held, as though they had never been claimed.
    pub(crate) async fn put_back(&self, held: Vec<(Lease, OfferedJob)>) -> Result<(), QueueError> {
        if held.is_empty() {
            return Ok(());
        }
        let leases: Vec<_> = held.iter().map(|(lease, _)| lease.clone()).collect();
        let mut conn = self.pool.get().await?;
        let released = rubis_jobs::release(&mut conn, &leases).await?;
        drop(conn);
        self.held.remove(&leases);
        tracing::info!(queue = %self.queue, jobs = released.len(), "jobs were put back");
        let back: Vec<_> = held
            .into_iter()
            .filter(|(lease, _)| released.contains(&lease.job_id))
            .map(|(_, job)| (job, std::time::Duration::ZERO))
            .collect();
        if self.offers.is_up() {
            self.offers.give_back(&back, None).await?;
        }
        Ok(())
    }

    /// Measures the queue.
    pub(crate) async fn measure(&self) -> Result<(), QueueError> {
        let mut conn = self.pool.get().await?;
        metrics::stats(self.queue, &rubis_jobs::stats(&mut conn, self.queue, None).await?);
        Ok(())
    }
}
