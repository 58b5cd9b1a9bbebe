//! One queue, as one worker serves it, step by step.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use rubis_db::Pool;
use rubis_jobs::{Lease, Queue, ReapAt, ReapOutcome, ServerWatch, Unsettled};
use time::OffsetDateTime;

use crate::{
    DueIndex, FeedReport, Handlers, IndexedJob, Jitter, QueueError, QueueSettings, RedisPool, RunReport,
    claimer::{Claim, Claimer},
    execute::{Completed, execute},
    feeder::{Feeder, OnPage},
    finalize::{Finalization, Finalizer},
    in_flight::InFlight,
    metrics,
    recent::Recent,
};

/// Number of further tries of a step to record ends.
const FINALIZE_AGAIN: u32 = 2;

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
    pub(crate) index: DueIndex,
    pub(crate) in_flight: InFlight,
    recent: Recent,
    watch: Mutex<ServerWatch>,
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
        let index = DueIndex::new(queue, redis, &settings.prefix);
        let claimer = Claimer::new(queue, &settings);
        let (in_flight, recent) = (InFlight::default(), Recent::default());
        let lease_pool = pool.clone();
        let watch = Mutex::new(ServerWatch::default());
        let parts = Parts {
            queue,
            settings,
            pool,
            lease_pool,
            index,
            in_flight,
            recent,
            watch,
            handlers,
            jitter,
            claimer,
        };
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
        self.feed(false, now).await
    }

    /// As [`QueueRunner::feed_once`], with the evidence of the looks at the database so far: a lease that has
    /// expired is taken away only if that justifies it.
    ///
    /// # Errors
    /// As [`QueueRunner::feed_once`].
    pub async fn feed_by_evidence(&self) -> Result<FeedReport, QueueError> {
        self.parts.feed(false, None, &|_| ()).await
    }

    /// One look at the database, as a worker takes one each second.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn watch_once(&self) -> Result<(), QueueError> {
        self.parts.look_at_the_server().await
    }

    async fn feed(&self, force: bool, now: OffsetDateTime) -> Result<FeedReport, QueueError> {
        let report = self.parts.feed(force, Some(now), &|_| ()).await?;
        let handed_over = self.parts.take_over(&report);
        self.parts.settle_now(handed_over, now).await;
        Ok(report)
    }

    /// Reads the whole calendar and runs all that is due at this instant, and what that makes due,
    /// until nothing is.
    ///
    /// # Errors
    /// Postgres does not answer.
    pub async fn run_due(&self, now: OffsetDateTime) -> Result<RunReport, QueueError> {
        self.feed(true, now).await?;
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
        Ok(Some(parts.settle_now(completed, now).await))
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
            index: &self.index,
            recent: &self.recent,
            reap_at: self.reap_at(now),
            on_page,
        };
        feeder.feed(force, now).await
    }

    /// The right to take leases away at an injected instant, or as the looks at the database justify it.
    fn reap_at(&self, now: Option<OffsetDateTime>) -> Option<ReapAt> {
        match now {
            Some(now) => Some(ReapAt::Given(now)),
            None => {
                let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
                watch.trust(&self.settings.watch_rules()).map(ReapAt::Watched)
            }
        }
    }

    /// Looks at the database, over the connections that renew leases.
    pub(crate) async fn look_at_the_server(&self) -> Result<(), QueueError> {
        let mut conn = self.lease_pool.get().await?;
        let sighting = rubis_jobs::sight_server(&mut conn).await?;
        drop(conn);
        let rules = self.settings.watch_rules();
        let not_recorded = self.watch.lock().unwrap_or_else(PoisonError::into_inner).note(sighting, &rules);
        match not_recorded {
            None | Some(Unsettled::First) => {}
            Some(cause) => {
                metrics::database_stalled(self.queue);
                tracing::warn!(queue = %self.queue, ?cause, "leases kept for a while after a stall of the database");
            }
        }
        Ok(())
    }

    /// The jobs that the reaper handed over to be quarantined. They are held from here on.
    pub(crate) fn take_over(&self, report: &FeedReport) -> Vec<Completed> {
        let jobs = report.reaped.iter().filter_map(|reaped| match &reaped.outcome {
            ReapOutcome::ToQuarantine(job) => Some(job.as_ref().clone()),
            ReapOutcome::PutBack | ReapOutcome::Quarantined => None,
        });
        let jobs: Vec<_> = jobs.collect();
        self.in_flight.add(&jobs);
        jobs.into_iter().map(Completed::quarantined).collect()
    }

    /// Settles in one go, at this instant. What cannot be recorded comes back when its lease ends.
    async fn settle_now(&self, completed: Vec<Completed>, now: OffsetDateTime) -> RunReport {
        if completed.is_empty() {
            return RunReport::default();
        }
        let mut finalization = self.finalize(completed, Some(now)).await;
        let mut report = finalization.report;
        // A connection that broke under a handler shows it at its next use, and is replaced.
        for _ in 0..FINALIZE_AGAIN {
            if finalization.not_recorded.is_empty() {
                break;
            }
            finalization = self.finalize(finalization.not_recorded, Some(now)).await;
            report += finalization.report;
        }
        self.in_flight.remove(finalization.not_recorded.iter().map(|completed| &completed.job.lease));
        report
    }

    pub(crate) async fn claim(&self, count: usize, now: Option<OffsetDateTime>) -> Result<Claim, QueueError> {
        let claim = self.claimer.claim(&self.pool, &self.index, count, now).await?;
        self.in_flight.add(&claim.jobs);
        Ok(claim)
    }

    pub(crate) async fn execute(&self, job: rubis_jobs::ClaimedJob) -> Completed {
        execute(self.queue, &self.handlers, &self.pool, job).await
    }

    pub(crate) async fn finalize(
        &self,
        completed: Vec<Completed>,
        now: Option<OffsetDateTime>,
    ) -> Finalization {
        self.finalizer().finalize(completed, now).await
    }

    pub(crate) fn finalizer(&self) -> Finalizer<'_> {
        Finalizer {
            queue: self.queue,
            settings: &self.settings,
            pool: &self.pool,
            index: &self.index,
            handlers: &self.handlers,
            jitter: &self.jitter,
            in_flight: &self.in_flight,
        }
    }

    /// Gives a sign of life for every job that is held.
    pub(crate) async fn renew(&self) -> Result<(), QueueError> {
        let (leases, jobs): (Vec<_>, Vec<_>) = self.in_flight.all().into_iter().unzip();
        if leases.is_empty() {
            return Ok(());
        }
        let mut conn = self.lease_pool.get().await?;
        rubis_jobs::renew(&mut conn, &leases, self.settings.lease, None).await?;
        drop(conn);
        if self.index.is_up() {
            self.index.renew(&jobs, self.settings.lease, None).await?;
        }
        Ok(())
    }

    /// Puts back jobs that are held, as though they had never been claimed.
    pub(crate) async fn put_back(&self, in_flight: Vec<(Lease, IndexedJob)>) -> Result<(), QueueError> {
        if in_flight.is_empty() {
            return Ok(());
        }
        let leases: Vec<_> = in_flight.iter().map(|(lease, _)| lease.clone()).collect();
        let mut conn = self.pool.get().await?;
        let released = rubis_jobs::release(&mut conn, &leases).await?;
        drop(conn);
        self.in_flight.remove(&leases);
        tracing::info!(queue = %self.queue, jobs = released.len(), "jobs were put back");
        let back: Vec<_> = in_flight
            .into_iter()
            .filter(|(lease, _)| released.contains(&lease.job_id))
            .map(|(_, job)| (job, std::time::Duration::ZERO))
            .collect();
        if self.index.is_up() {
            self.index.reschedule(&back, None).await?;
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
