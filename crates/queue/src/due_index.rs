//! Due index of a queue in Redis: jobs that will be due soon, and the leases of those that were claimed.
//!
//! Under `{prefix}:1:{{queue}}:`, where the braces are Redis Cluster's hash tag, there are
//! - `o:<organization>`: the organization's scheduled jobs by date;
//! - `wait`: organizations by the next instant at which they may have something;
//! - `ring`: organizations that have something due, by turn;
//! - `leased`: jobs that a worker took, by the end of its lease;
//! - `feed`: what the feeders have read, and when.
//!
//! An organization that has scheduled jobs is in `wait` or in `ring`, never in both. All of it is
//! derived from Postgres and may vanish at any time.

use std::{
    sync::{
        LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool_redis::redis::{
    FromRedisValue, RedisError, Script, ScriptInvocation, aio::MultiplexedConnection, cmd,
};
use futures_util::future::try_join_all;
use rubis_jobs::{JobId, Queue};
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;

use crate::{
    RedisPool,
    instant::{duration_milliseconds, milliseconds},
    metrics,
};

static SCHEDULE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/schedule.lua")));
static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/claim.lua")));
static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/renew.lua")));
static BEGIN_FEED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/begin_feed.lua")));
static NEXT_DUE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/next_due.lua")));

/// The most jobs that one script call deals with, so that none takes Redis for more than 3 ms: with
/// 200 it could, when each was of another organization.
pub const BATCH: usize = 100;

/// The most jobs that are forgotten with one command, which costs far less than a script.
const FORGOTTEN_AT_ONCE: usize = 1_000;

/// Redis could not be reached, or refused.
#[derive(Debug, thiserror::Error)]
pub enum DueIndexError {
    /// No connection.
    #[error("Redis cannot be reached: {0}")]
    Pool(#[from] deadpool_redis::PoolError),
    /// A command failed.
    #[error("Redis refused: {0}")]
    Redis(#[from] RedisError),
}

/// The due index of a queue.
pub struct DueIndex {
    queue: Queue,
    pool: RedisPool,
    base: String,
    is_up: AtomicBool,
    /// The connection that responded last, for small calls: borrowing one from the pool costs a round trip
    /// of its own each time, to check that it is alive.
    shared: Mutex<Option<MultiplexedConnection>>,
}

/// A job as Redis names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IndexedJob {
    /// The job.
    pub id: JobId,
    /// The tenant whose turn it takes.
    pub organization: Option<OrganizationId>,
}

/// Jobs of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedBatch {
    /// The jobs, leased to the caller.
    pub jobs: Vec<IndexedJob>,
    /// Time until a job can be due; `None` if the index is empty.
    pub next: Option<Duration>,
}

/// Parts of the window that a feeder has to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedPlan {
    /// The clock of Redis, in milliseconds.
    pub now: i64,
    /// The slices that are new since the last look.
    pub slice: bool,
    /// The whole window.
    pub sweep: bool,
    /// Up to where the window was read, in milliseconds of the clock of Postgres.
    pub upper: Option<i64>,
}

/// Meaning of the dates of scheduled jobs, in milliseconds.
#[derive(Clone, Copy)]
enum Dates {
    /// Instants by the clock of Redis; jobs that are leased are left alone.
    Absolute,
    /// Waits from now, of jobs whose leases end.
    AfterLeases,
}

impl Dates {
    fn argument(self) -> &'static str {
        match self {
            Self::Absolute => "absolute",
            Self::AfterLeases => "after leases",
        }
    }
}

/// The organization in a key: 32 hexadecimal digits, or a dash for the platform's own jobs.
fn organization_key(organization: Option<OrganizationId>) -> String {
    organization.map_or_else(|| "-".to_owned(), |organization| organization.as_uuid().simple().to_string())
}

fn member(job: &IndexedJob) -> String {
    format!("{}|{}", organization_key(job.organization), job.id)
}

/// The instant for a script: empty lets Redis read its own clock.
fn script_now(now: Option<OffsetDateTime>) -> String {
    now.map_or_else(String::new, |now| milliseconds(now).to_string())
}

/// The wait that a script names in microseconds, none when it is -1.
fn wait(microseconds: i64) -> Option<Duration> {
    u64::try_from(microseconds).ok().map(Duration::from_micros)
}

impl DueIndex {
    /// Returns the index of the queue below this prefix.
    #[must_use]
    pub fn new(queue: Queue, pool: RedisPool, prefix: &str) -> Self {
        Self {
            queue,
            pool,
            base: format!("{prefix}:1:{{{queue}}}:"),
            is_up: AtomicBool::new(true),
            shared: Mutex::default(),
        }
    }

    /// Reports if Redis responded to the last call.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    fn lock_shared(&self) -> MutexGuard<'_, Option<MultiplexedConnection>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connection(&self) -> Result<MultiplexedConnection, DueIndexError> {
        if let Some(connection) = self.lock_shared().clone() {
            return Ok(connection);
        }
        let connection = MultiplexedConnection::clone(&*self.pool.get().await?);
        *self.lock_shared() = Some(connection.clone());
        Ok(connection)
    }

    /// Notes whether Redis answers, and says so when that has changed. A connection on which something
    /// failed is not used again.
    fn note<T>(&self, result: Result<T, DueIndexError>) -> Result<T, DueIndexError> {
        let is_up = result.is_ok();
        if !is_up {
            *self.lock_shared() = None;
        }
        if self.is_up.swap(is_up, Ordering::Relaxed) != is_up {
            match &result {
                Ok(_) => tracing::info!(queue = %self.queue, "Redis answers again"),
                Err(error) => {
                    tracing::warn!(queue = %self.queue, %error, "without Redis, jobs come from Postgres");
                }
            }
        }
        metrics::redis_up(self.queue, is_up);
        result
    }

    async fn invoke<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T, DueIndexError> {
        let answer = async { Ok(call.invoke_async(&mut self.connection().await?).await?) };
        self.note(answer.await)
    }

    /// Notes the dates of jobs, in milliseconds of the clock of Redis. A job that is leased is left
    /// alone. Returns how many were not.
    ///
    /// # Errors
    /// Redis does not answer; then some may be noted.
    pub async fn schedule(
        &self,
        jobs: &[(IndexedJob, i64)],
        now: Option<OffsetDateTime>,
    ) -> Result<u64, DueIndexError> {
        let jobs = jobs.iter().map(|(job, due)| (job, *due)).collect();
        let calls = self.scheduling(jobs, Dates::Absolute, now);
        self.invoke_all(&calls).await
    }

    /// Invokes several scripts at once on one connection, which sends them without a wait for the
    /// answers: Redis need not idle while the next script is written and read. The connection is one of
    /// its own, lest a claim wait behind all of them.
    async fn invoke_all(&self, calls: &[ScriptInvocation<'_>]) -> Result<u64, DueIndexError> {
        if calls.is_empty() {
            return Ok(0);
        }
        let answer = async {
            let connection = self.pool.get().await?;
            let counts = try_join_all(calls.iter().map(|call| {
                let mut shared = MultiplexedConnection::clone(&connection);
                async move { call.invoke_async::<u64>(&mut shared).await }
            }));
            Ok(counts.await?.into_iter().sum())
        };
        self.note(answer.await)
    }

    /// Ends the leases of jobs and notes that they are due after these waits.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn reschedule(
        &self,
        jobs: &[(IndexedJob, Duration)],
        now: Option<OffsetDateTime>,
    ) -> Result<(), DueIndexError> {
        let jobs = jobs.iter().map(|(job, wait)| (job, duration_milliseconds(*wait))).collect();
        let calls = self.scheduling(jobs, Dates::AfterLeases, now);
        self.invoke_all(&calls).await?;
        Ok(())
    }

    /// The calls that note these jobs for these dates, organization by organization: an organization's
    /// jobs of a call cost one write of Redis together.
    fn scheduling(
        &self,
        mut jobs: Vec<(&IndexedJob, i64)>,
        dates: Dates,
        now: Option<OffsetDateTime>,
    ) -> Vec<ScriptInvocation<'static>> {
        jobs.sort_by_key(|(job, date)| (job.organization, *date));
        let calls = jobs.chunks(BATCH).map(|batch| {
            let mut call = SCHEDULE.prepare_invoke();
            call.key(&self.base).arg(script_now(now)).arg(dates.argument());
            for jobs in batch.chunk_by(|(one, _), (next, _)| one.organization == next.organization) {
                let organization = jobs.first().and_then(|(job, _)| job.organization);
                call.arg(organization_key(organization)).arg(jobs.len());
                for (job, date) in jobs {
                    call.arg(*date).arg(job.id.as_str());
                }
            }
            call
        });
        calls.collect()
    }

    /// Takes up to `count` (at most [`BATCH`]) jobs that are due, the organizations in turn.
    ///
    /// # Errors
    /// Redis does not answer; jobs that it took all the same come back when their leases end.
    pub async fn claim(
        &self,
        count: usize,
        lease: Duration,
        now: Option<OffsetDateTime>,
    ) -> Result<ClaimedBatch, DueIndexError> {
        let mut call = CLAIM.prepare_invoke();
        call.key(&self.base).arg(script_now(now)).arg(count.min(BATCH)).arg(duration_milliseconds(lease));
        let ClaimReply { next, jobs } = self.invoke(&call).await?;
        Ok(ClaimedBatch { jobs, next: wait(next) })
    }

    /// Lengthens the leases of jobs that are still leased.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn renew(
        &self,
        jobs: &[IndexedJob],
        lease: Duration,
        now: Option<OffsetDateTime>,
    ) -> Result<(), DueIndexError> {
        for batch in jobs.chunks(BATCH) {
            let mut call = RENEW.prepare_invoke();
            call.key(&self.base).arg(script_now(now)).arg(duration_milliseconds(lease));
            for job in batch {
                call.arg(member(job));
            }
            let _: u64 = self.invoke(&call).await?;
        }
        Ok(())
    }

    /// Forgets jobs that were leased.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn forget(&self, jobs: &[IndexedJob]) -> Result<(), DueIndexError> {
        for batch in jobs.chunks(FORGOTTEN_AT_ONCE) {
            let members: Vec<String> = batch.iter().map(member).collect();
            let answer = async {
                let mut command = cmd("ZREM");
                command.arg(format!("{}leased", self.base)).arg(members);
                Ok(command.query_async::<()>(&mut self.connection().await?).await?)
            };
            self.note(answer.await)?;
        }
        Ok(())
    }

    /// Says what a feeder is to read now, and notes that it does.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn begin_feed(
        &self,
        slice_every: Duration,
        sweep_every: Duration,
        now: Option<OffsetDateTime>,
    ) -> Result<FeedPlan, DueIndexError> {
        let mut call = BEGIN_FEED.prepare_invoke();
        call.key(&self.base).arg(script_now(now));
        call.arg(duration_milliseconds(slice_every)).arg(duration_milliseconds(sweep_every));
        let (now, slice, sweep, upper): (i64, bool, bool, i64) = self.invoke(&call).await?;
        Ok(FeedPlan { now, slice, sweep, upper: (upper >= 0).then_some(upper) })
    }

    /// Notes up to where the window has been read, in milliseconds of the clock of Postgres.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn end_feed(&self, upper: i64) -> Result<(), DueIndexError> {
        self.set_feed_mark("HSET", &["upper".to_owned(), upper.to_string()]).await
    }

    /// Lets the next feeder sweep the whole window, since this one could not finish.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn fail_feed(&self) -> Result<(), DueIndexError> {
        self.set_feed_mark("HDEL", &["swept".to_owned()]).await
    }

    async fn set_feed_mark(&self, command: &str, arguments: &[String]) -> Result<(), DueIndexError> {
        let answer = async {
            Ok(cmd(command)
                .arg(format!("{}feed", self.base))
                .arg(arguments)
                .query_async::<()>(&mut self.connection().await?)
                .await?)
        };
        self.note(answer.await)
    }

    /// Time until a job can be due; `None` if the index is empty.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn next_due(&self, now: Option<OffsetDateTime>) -> Result<Option<Duration>, DueIndexError> {
        let mut call = NEXT_DUE.prepare_invoke();
        call.key(&self.base).arg(script_now(now));
        Ok(wait(self.invoke(&call).await?))
    }
}

/// The wait for the next date in microseconds, and the jobs.
struct ClaimReply {
    next: i64,
    jobs: Vec<IndexedJob>,
}

impl FromRedisValue for ClaimReply {
    fn from_redis_value(
        value: deadpool_redis::redis::Value,
    ) -> Result<Self, deadpool_redis::redis::ParsingError> {
        let fields: Vec<deadpool_redis::redis::Value> = FromRedisValue::from_redis_value(value)?;
        let mut fields = fields.into_iter();
        let next = fields.next().map_or(Ok(-1), i64::from_redis_value)?;
        let mut jobs = Vec::new();
        while let (Some(organization), Some(count)) = (fields.next(), fields.next()) {
            let organization = String::from_redis_value(organization)?.parse().ok();
            for id in fields.by_ref().take(usize::from_redis_value(count)?) {
                // A member that is no id was not written by this queue, and has no row.
                if let Ok(id) = String::from_redis_value(id)?.parse() {
                    jobs.push(IndexedJob { id, organization });
                }
            }
        }
        Ok(Self { next, jobs })
    }
}
