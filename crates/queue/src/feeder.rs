//! Reads the calendar and schedules in Redis what will be due soon.
//!
//! The feeder works by level, not by edge: whatever Redis lost, missed or never heard of is scheduled
//! again by the next look at the window it belongs to. It reads
//! - the *far edge* each second: what came into the window since;
//! - the *near slice* each second: what was enqueued for about now;
//! - the *whole window* every 30 s, and at once after Redis was wiped.

use std::time::Duration;

use rubis_db::{AsyncPgConnection, Pool};
use rubis_jobs::{PageStart, Queue, ReapAt, ReapOutcome, Reaped, ScheduledJob};
use time::OffsetDateTime;

use crate::{
    DueIndex, FeedPlan, IndexedJob, QueueError, QueueSettings,
    instant::{from_milliseconds, milliseconds},
    metrics,
    recent::Recent,
};

/// Jobs to a page of the calendar.
const PAGE: u32 = 1_000;

/// Reach of the near slice into the past: a transaction that enqueues a job for "now" may take so
/// long to commit.
const NEAR_PAST: Duration = Duration::from_secs(10);

/// Reach of the near slice into the future: to the tick after the next, if that one is late.
const NEAR_FUTURE: Duration = Duration::from_secs(3);

/// The most jobs of a near slice, the newest first, lest a backlog be read again each second.
const NEAR_LIMIT: u32 = 2_000;

/// The most jobs taken from lost workers in one statement, and the most statements in one step.
const REAP_BATCH: u32 = 500;
const REAP_BATCHES: u32 = 10;

/// Clocks that differ by less are taken to agree: the measurement is no better than that.
const CLOCK_NOISE: i64 = 250;

/// Result of one step of the feeder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedReport {
    /// Jobs taken from workers that were lost.
    pub reaped: Vec<Reaped>,
    /// Jobs scheduled in Redis, those left alone because they are leased not counted.
    pub scheduled: u64,
    /// The whole window was read.
    pub swept: bool,
    /// Redis answered.
    pub redis_up: bool,
    /// Time until a job can be due; `None` if the index is empty.
    pub next: Option<Duration>,
}

pub(crate) struct Feeder<'a> {
    pub(crate) queue: Queue,
    pub(crate) settings: &'a QueueSettings,
    pub(crate) pool: &'a Pool,
    pub(crate) index: &'a DueIndex,
    pub(crate) recent: &'a Recent,
    /// The right to take leases away; `None` as long as the database is not trusted.
    pub(crate) reap_at: Option<ReapAt>,
    pub(crate) on_page: OnPage<'a>,
}

/// Hears, page by page, how long until the first job of the page is due. A long sweep is still
/// being read while the jobs of its first pages run already: the first of 100,000 due jobs began
/// seconds earlier for it.
pub(crate) type OnPage<'a> = &'a (dyn Fn(Duration) + Send + Sync);

/// One reading of the calendar: the instant by Postgres, and how far the clock of Redis is ahead.
struct Reading {
    clock: OffsetDateTime,
    ahead: i64,
    now: Option<OffsetDateTime>,
}

impl Feeder<'_> {
    /// One step: takes back what lost workers held, reads what is to be read, schedules it. With
    /// `force` the whole window is read, whoever read it last.
    pub(crate) async fn feed(
        &self,
        force: bool,
        now: Option<OffsetDateTime>,
    ) -> Result<FeedReport, QueueError> {
        let mut conn = self.pool.get().await?;
        let mut report = FeedReport { reaped: self.reap(&mut conn).await?, ..FeedReport::default() };
        match self.schedule(&mut conn, force, &mut report, now).await {
            Ok(()) => report.redis_up = true,
            // The claim loop knows what to do without Redis, and the next sweep mends the rest.
            Err(QueueError::DueIndex(_)) => self.recent.clear(),
            Err(error) => return Err(error),
        }
        Ok(report)
    }

    async fn reap(&self, conn: &mut AsyncPgConnection) -> Result<Vec<Reaped>, QueueError> {
        let mut reaped = Vec::new();
        let Some(at) = &self.reap_at else { return Ok(reaped) };
        for _ in 0..REAP_BATCHES {
            let (policy, lease) = (&self.settings.crash_policy, self.settings.lease);
            let batch = rubis_jobs::reap_expired(conn, self.queue, policy, lease, REAP_BATCH, at).await?;
            let is_last = u32::try_from(batch.len()).is_ok_and(|length| length < REAP_BATCH);
            reaped.extend(batch);
            if is_last {
                break;
            }
        }
        for job in &reaped {
            metrics::crashed(self.queue);
            let (queue, id, crashes) = (self.queue, &job.id, job.crashes);
            match job.outcome {
                ReapOutcome::PutBack => {
                    tracing::warn!(%queue, job = %id, crashes, "job taken from a lost worker");
                }
                ReapOutcome::ToQuarantine(_) => {
                    tracing::warn!(%queue, job = %id, crashes, "job about to be quarantined");
                }
                ReapOutcome::Quarantined => {
                    metrics::dead(queue);
                    tracing::error!(%queue, job = %id, crashes, "job quarantined without its dead-letter callback");
                }
            }
        }
        Ok(reaped)
    }

    async fn schedule(
        &self,
        conn: &mut AsyncPgConnection,
        force: bool,
        report: &mut FeedReport,
        now: Option<OffsetDateTime>,
    ) -> Result<(), QueueError> {
        // A little less than a tick, so that a tick that comes early is not skipped.
        let slice_every = self.settings.tick.mul_f64(0.9);
        let sweep_every = if force { Duration::ZERO } else { self.settings.sweep_every };
        let plan = self.index.begin_feed(slice_every, sweep_every, now).await?;
        let clock = rubis_jobs::database_now(conn, now).await?;
        let ahead = plan.now - milliseconds(clock);
        let reading = Reading { clock, ahead: if ahead.abs() < CLOCK_NOISE { 0 } else { ahead }, now };

        self.offer_reaped(&report.reaped, &reading).await?;
        if plan.slice {
            let read = self.read(conn, plan, &reading).await;
            if plan.sweep && read.is_err() {
                self.index.fail_feed().await?;
            }
            report.scheduled = read?;
            report.swept = plan.sweep;
        }
        report.next = self.index.next_due(now).await?;
        Ok(())
    }

    /// Whatever Redis believes of these jobs was the lost worker's.
    async fn offer_reaped(&self, reaped: &[Reaped], reading: &Reading) -> Result<(), QueueError> {
        let jobs: Vec<(IndexedJob, Duration)> = reaped
            .iter()
            .filter(|job| job.outcome == ReapOutcome::PutBack)
            .map(|job| {
                let wait = Duration::try_from(job.run_at - reading.clock).unwrap_or_default();
                (IndexedJob { id: job.id.clone(), organization: job.organization }, wait)
            })
            .collect();
        Ok(self.index.reschedule(&jobs, reading.now).await?)
    }

    async fn read(
        &self,
        conn: &mut AsyncPgConnection,
        plan: FeedPlan,
        reading: &Reading,
    ) -> Result<u64, QueueError> {
        let until = reading.clock + self.settings.horizon;
        let read_before = plan.upper.and_then(from_milliseconds).filter(|_| !plan.sweep);
        let scheduled = match read_before {
            None => self.read_window(conn, PageStart::Earliest, until, reading).await?,
            Some(upper) => {
                let edge = self.read_window(conn, PageStart::After(upper), until, reading).await?;
                let (from, until) = (reading.clock - NEAR_PAST, reading.clock + NEAR_FUTURE);
                let mut near = rubis_jobs::sweep_newest(conn, self.queue, from, until, NEAR_LIMIT).await?;
                near.retain(|job| !self.recent.has(job, reading.clock));
                edge + self.offer_page(&near, reading).await?
            }
        };
        self.index.end_feed(milliseconds(until)).await?;
        Ok(scheduled)
    }

    async fn read_window(
        &self,
        conn: &mut AsyncPgConnection,
        mut start: PageStart,
        until: OffsetDateTime,
        reading: &Reading,
    ) -> Result<u64, QueueError> {
        let mut scheduled = 0;
        loop {
            let page = rubis_jobs::sweep_page(conn, self.queue, &start, until, PAGE).await?;
            scheduled += self.offer_page(&page, reading).await?;
            match page.into_iter().nth(usize::try_from(PAGE - 1).unwrap_or(usize::MAX)) {
                Some(last) => start = PageStart::AfterJob(last),
                None => return Ok(scheduled),
            }
        }
    }

    async fn offer_page(&self, page: &[ScheduledJob], reading: &Reading) -> Result<u64, QueueError> {
        if page.is_empty() {
            return Ok(0);
        }
        let jobs: Vec<(IndexedJob, i64)> = page
            .iter()
            .map(|job| {
                let due = milliseconds(job.run_at).saturating_add(reading.ahead);
                (IndexedJob { id: job.id.clone(), organization: job.organization }, due)
            })
            .collect();
        let scheduled = self.index.schedule(&jobs, reading.now).await?;
        self.recent.add(page, reading.clock);
        if let Some(earliest) = page.iter().map(|job| job.run_at).min() {
            (self.on_page)(Duration::try_from(earliest - reading.clock).unwrap_or_default());
        }
        Ok(scheduled)
    }
}
