//! Finds jobs to run: Redis says where to look, Postgres decides.

use std::{collections::HashSet, time::Duration};

use rubis_db::Pool;
use rubis_jobs::{ClaimedJob, JobId, Queue};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::{
    ClaimedBatch, DueIndex, IndexedJob, QueueError, QueueSettings, due_index::BATCH, in_flight::indexed,
};

/// Delay of a job that another transaction had locked.
const BUSY_DELAY: Duration = Duration::from_millis(250);

/// Delay of jobs while PostgreSQL does not respond.
const OUTAGE_DELAY: Duration = Duration::from_secs(1);

/// The least wait after a claim that found nothing, however soon something should be due: clocks
/// differ by a little, and this keeps a worker from asking without pause.
const LEAST_PAUSE: Duration = Duration::from_millis(1);

/// The time between claims from Postgres alone, unless there was more than could be taken.
const POLL_EVERY: Duration = Duration::from_secs(1);

pub(crate) struct Claimer {
    queue: Queue,
    lease: Duration,
    horizon: Duration,
}

/// Result of a claim.
#[derive(Debug)]
pub(crate) struct Claim {
    /// The jobs to run.
    pub(crate) jobs: Vec<ClaimedJob>,
    /// Time of the next claim; `None` until the feeder wakes the claim loop.
    pub(crate) next: Option<Next>,
    /// Redis named jobs, if only such as Postgres did not give.
    pub(crate) looked: bool,
}

/// Time of the next claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// At once: there is more than was taken.
    Now,
    /// Then. It counts from the answer of Redis, since Postgres has taken its time afterwards.
    At(Instant),
}

impl Next {
    pub(crate) fn after(wait: Duration) -> Self {
        if wait.is_zero() { Self::Now } else { Self::At(Instant::now() + wait) }
    }
}

impl Claimer {
    pub(crate) fn new(queue: Queue, settings: &QueueSettings) -> Self {
        Self { queue, lease: settings.lease, horizon: settings.horizon }
    }

    /// Claims up to `count` jobs.
    pub(crate) async fn claim(
        &self,
        pool: &Pool,
        index: &DueIndex,
        count: usize,
        now: Option<OffsetDateTime>,
    ) -> Result<Claim, QueueError> {
        let count = count.min(BATCH);
        if index.is_up()
            && let Ok(taken) = index.claim(count, self.lease, now).await
        {
            return self.claim_taken(pool, index, taken, now).await;
        }
        self.claim_due(pool, count, now).await
    }

    /// Claims in Postgres what was taken from Redis. What Postgres does not give is scheduled anew
    /// for its real date, or forgotten.
    async fn claim_taken(
        &self,
        pool: &Pool,
        index: &DueIndex,
        taken: ClaimedBatch,
        now: Option<OffsetDateTime>,
    ) -> Result<Claim, QueueError> {
        if taken.jobs.is_empty() {
            let next = taken.next.map(|wait| Next::after(wait.max(LEAST_PAUSE)));
            return Ok(Claim { jobs: Vec::new(), next, looked: false });
        }
        let next = taken.next.map(Next::after);
        match self.claim_rows(pool, &taken.jobs, now).await {
            Ok((jobs, waiting)) => {
                self.return_others(index, &taken.jobs, &jobs, &waiting, now).await;
                Ok(Claim { jobs, next, looked: true })
            }
            Err(error) => {
                let back: Vec<_> = taken.jobs.into_iter().map(|job| (job, OUTAGE_DELAY)).collect();
                // Should this fail as well, the leases in Redis end by themselves.
                let _ = index.reschedule(&back, now).await;
                Err(error)
            }
        }
    }

    async fn claim_rows(
        &self,
        pool: &Pool,
        taken: &[IndexedJob],
        now: Option<OffsetDateTime>,
    ) -> Result<(Vec<ClaimedJob>, Vec<rubis_jobs::UnclaimedJob>), QueueError> {
        let ids: Vec<JobId> = taken.iter().map(|job| job.id.clone()).collect();
        let mut conn = pool.get().await?;
        let jobs = rubis_jobs::claim(&mut conn, self.queue, &ids, self.lease, now).await?;
        let claimed: HashSet<&JobId> = jobs.iter().map(|job| &job.lease.job_id).collect();
        let others: Vec<JobId> = ids.into_iter().filter(|id| !claimed.contains(id)).collect();
        if others.is_empty() {
            return Ok((jobs, Vec::new()));
        }
        // The claim stands whatever becomes of this look-up.
        let waiting = rubis_jobs::look_up_unclaimed(&mut conn, self.queue, &others, now).await;
        Ok((jobs, waiting.unwrap_or_default()))
    }

    async fn return_others(
        &self,
        index: &DueIndex,
        taken: &[IndexedJob],
        claimed: &[ClaimedJob],
        waiting: &[rubis_jobs::UnclaimedJob],
        now: Option<OffsetDateTime>,
    ) {
        if claimed.len() == taken.len() {
            return;
        }
        let claimed: HashSet<IndexedJob> = claimed.iter().map(indexed).collect();
        let (mut back, mut gone) = (Vec::new(), Vec::new());
        for job in taken.iter().filter(|job| !claimed.contains(job)) {
            match waiting.iter().find(|waiting| waiting.id == job.id) {
                Some(waiting) if waiting.due_in.is_zero() => back.push((job.clone(), BUSY_DELAY)),
                Some(waiting) if waiting.due_in <= self.horizon => back.push((job.clone(), waiting.due_in)),
                // Beyond the window, where the feeder will find it again, or no longer scheduled.
                _ => gone.push(job.clone()),
            }
        }
        // Should these fail, the leases in Redis end, and the same question is asked again.
        let _ = index.reschedule(&back, now).await;
        let _ = index.forget(&gone).await;
    }

    /// Claims from Postgres alone.
    async fn claim_due(
        &self,
        pool: &Pool,
        count: usize,
        now: Option<OffsetDateTime>,
    ) -> Result<Claim, QueueError> {
        let wanted = u32::try_from(count).unwrap_or(u32::MAX);
        let mut conn = pool.get().await?;
        let jobs = rubis_jobs::claim_due(&mut conn, self.queue, wanted, self.lease, now).await?;
        let claimed = u32::try_from(jobs.len()).unwrap_or(wanted);
        let next = if claimed < wanted { Next::after(POLL_EVERY) } else { Next::Now };
        Ok(Claim { looked: !jobs.is_empty(), jobs, next: Some(next) })
    }
}
