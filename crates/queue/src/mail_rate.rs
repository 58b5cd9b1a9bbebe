//! The rate of mails: one for all queues and workers, fair between organizations.
//!
//! A permit is taken right before a mail is handed to the mail server, so that jobs which send nothing take none. Redis
//! holds the state under `{prefix}:1:{mail-rate}:`. Without it each worker keeps to the limit of all organizations on its
//! own, which is a bound for each worker and none for all of them together.

use std::{
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use deadpool_redis::redis::Script;
use rubis_jobs::JobId;
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;

use crate::{
    RateLimit, RedisPool,
    instant::milliseconds,
    offers::{OffersError, organization_key},
    rate::LocalRate,
};

static PERMIT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/mail_permit.lua")));

/// An organization that asked counts as waiting for this long, in milliseconds. A job that waits asks more often.
const PATIENCE_MS: u32 = 1_500;
/// The longest wait before a job asks again.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// The longest wait of a job that holds its slot. One that waits for longer is put back.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The time for which Redis is not asked after it did not answer, since each question can take two seconds.
const REDIS_PAUSE: Duration = Duration::from_secs(5);

/// The rate of mails.
pub struct MailRate {
    redis: Option<RedisPool>,
    base: String,
    all: Option<RateLimit>,
    own: Option<RateLimit>,
    local: Option<LocalRate>,
    /// The caller's instants are believed, as in tests; else the clock of Redis is.
    is_clock_injected: bool,
    redis_failed_at: Mutex<Option<Instant>>,
}

impl MailRate {
    /// No limit.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            redis: None,
            base: String::new(),
            all: None,
            own: None,
            local: None,
            is_clock_injected: false,
            redis_failed_at: Mutex::new(None),
        }
    }

    /// At most `all` mails of all organizations together, and `own` of each, for all workers with this prefix.
    #[must_use]
    pub fn new(redis: RedisPool, prefix: &str, all: Option<RateLimit>, own: Option<RateLimit>) -> Self {
        Self {
            redis: Some(redis),
            base: format!("{prefix}:1:{{mail-rate}}:"),
            all,
            own,
            local: all.map(LocalRate::new),
            is_clock_injected: false,
            redis_failed_at: Mutex::default(),
        }
    }

    /// The same by the instants that callers give. Those of jobs disagree by as much as the jobs lag, so this is for
    /// tests with a clock of their own.
    #[must_use]
    pub fn with_injected_clock(self) -> Self {
        Self { is_clock_injected: true, ..self }
    }

    /// Waits until the mail of this job may be sent, from `now` on. A wait of more than a few seconds is returned instead:
    /// the decision to send is older than it should be by then, and the job's slot is wanted by others.
    ///
    /// # Errors
    /// The wait.
    pub async fn wait_for_permit(
        &self,
        organization: Option<OrganizationId>,
        job: &JobId,
        now: OffsetDateTime,
    ) -> Result<(), Duration> {
        let started = Instant::now();
        loop {
            let waited = started.elapsed();
            match self.permit(organization, job, now + waited).await {
                None => return Ok(()),
                Some(wait) if waited + wait > LONGEST_WAIT => return Err(wait.max(LONGEST_WAIT)),
                Some(wait) => tokio::time::sleep(wait.min(ASK_AGAIN)).await,
            }
        }
    }

    /// Takes a permit, or returns the wait before it is worth asking again.
    pub async fn permit(
        &self,
        organization: Option<OrganizationId>,
        job: &JobId,
        now: OffsetDateTime,
    ) -> Option<Duration> {
        if self.all.is_none() && self.own.is_none() {
            return None;
        }
        if let Some(redis) = self.redis.as_ref().filter(|_| self.is_redis_worth_asking()) {
            match self.ask(redis, organization, job, now).await {
                Ok(wait) => return (wait > 0).then(|| Duration::from_millis(wait)),
                Err(error) => {
                    tracing::warn!(%error, "mail rate limited by this worker alone, Redis not available");
                    *self.redis_failed_at.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(Instant::now());
                }
            }
        }
        let (limit, local) = (self.all?, self.local.as_ref()?);
        (local.take(1, Some(now)) == 0).then(|| Duration::from_secs_f64(limit.interval() / 1_000.0))
    }

    fn is_redis_worth_asking(&self) -> bool {
        let failed_at = *self.redis_failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        failed_at.is_none_or(|failed_at| failed_at.elapsed() > REDIS_PAUSE)
    }

    async fn ask(
        &self,
        redis: &RedisPool,
        organization: Option<OrganizationId>,
        job: &JobId,
        now: OffsetDateTime,
    ) -> Result<u64, OffersError> {
        let limit =
            |rate: Option<RateLimit>| rate.map_or((0.0, 0.0), |rate| (rate.interval(), rate.tolerance()));
        let (all, own) = (limit(self.all), limit(self.own));
        let mut call = PERMIT.prepare_invoke();
        let now = if self.is_clock_injected { milliseconds(now).to_string() } else { String::new() };
        call.key(&self.base).arg(now).arg(organization_key(organization)).arg(job.as_str());
        call.arg(all.0).arg(all.1).arg(own.0).arg(own.1).arg(PATIENCE_MS);
        let mut connection = redis.get().await?;
        Ok(call.invoke_async(&mut connection).await?)
    }
}
