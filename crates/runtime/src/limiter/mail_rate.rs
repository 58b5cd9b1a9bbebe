//! The rate of mails: one for all queues and workers, fair between organizations.
//!
//! A permit is taken right before a mail is handed to the mail server, so that jobs which send nothing take none.
//! Redis holds the state under `{prefix}:1:{mail-rate}:`. While Redis is down, each worker keeps to the limit of all
//! organizations on its own, which bounds each worker but not all of them together.

use std::{
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use deadpool_redis::{Pool, redis::Script};
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;

use super::{
    outage::Outage,
    rate::{Decision, Rate},
};
use crate::redis::RedisUnavailable;

static PERMIT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("mail_permit.lua")));

/// Time for which an organization counts as waiting after it asked, in milliseconds. A waiting job asks more often.
const PATIENCE_MS: u32 = 1_500;
/// Maximum wait before a job asks again.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Maximum wait of a job in its slot. One that has to wait for longer is put back.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Pause between attempts to reach Redis while it is down: each can take two seconds.
const RETRY_REDIS_AFTER: Duration = Duration::from_secs(5);

/// The rate of mails.
pub struct MailRate {
    redis: Option<(Pool, Outage)>,
    base: String,
    all: Option<Rate>,
    own: Option<Rate>,
    /// Theoretical arrival time of the next mail while Redis is down, in microseconds since 1970.
    local_arrival: Mutex<Option<i64>>,
    /// True in tests: the callers' instants count, not the clock of Redis.
    is_clock_injected: bool,
}

impl MailRate {
    /// Creates a rate without a limit.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            redis: None,
            base: String::new(),
            all: None,
            own: None,
            local_arrival: Mutex::new(None),
            is_clock_injected: false,
        }
    }

    /// Creates a rate of at most `all` mails of all organizations together and `own` of each, for all workers with
    /// this prefix.
    #[must_use]
    pub fn new(redis: Pool, prefix: &str, all: Option<Rate>, own: Option<Rate>) -> Self {
        let outage = Outage::new("mail rate limited per worker", RETRY_REDIS_AFTER);
        Self {
            redis: Some((redis, outage)),
            base: format!("{prefix}:1:{{mail-rate}}:"),
            all,
            own,
            local_arrival: Mutex::default(),
            is_clock_injected: false,
        }
    }

    /// Uses the instants that callers give. Those of jobs disagree by as much as the jobs lag, so this is for tests
    /// with a clock of their own.
    #[must_use]
    pub fn with_injected_clock(self) -> Self {
        Self { is_clock_injected: true, ..self }
    }

    /// Waits until the mail of this job may be sent, from `now` on. A wait of more than a few seconds is returned
    /// instead: the decision to send would be too old by then, and other jobs need the slot.
    ///
    /// # Errors
    /// The wait.
    pub async fn wait_for_permit(
        &self,
        organization: Option<OrganizationId>,
        job: &str,
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
        job: &str,
        now: OffsetDateTime,
    ) -> Option<Duration> {
        if self.all.is_none() && self.own.is_none() {
            return None;
        }
        if let Some((redis, outage)) = &self.redis
            && outage.is_redis_worth_asking()
        {
            let answer = self.ask(redis, organization, job, now).await;
            outage.note(answer.as_ref().err());
            if let Ok(wait) = answer {
                return (wait > 0).then(|| Duration::from_millis(wait));
            }
        }
        self.all.and_then(|all| self.wait_in_process(all, now))
    }

    fn wait_in_process(&self, all: Rate, now: OffsetDateTime) -> Option<Duration> {
        let now = i64::try_from(now.unix_timestamp_nanos() / 1_000).unwrap_or(0);
        let mut arrival = self.local_arrival.lock().unwrap_or_else(PoisonError::into_inner);
        // A later arrival comes from a clock that went back.
        let plausible = arrival.map(|arrival| arrival.min(now.saturating_add(all.window())));
        match all.decide(now, plausible) {
            (Decision::Allowed { .. }, next) => {
                *arrival = next;
                None
            }
            (Decision::Limited { retry_after }, _) => Some(retry_after),
        }
    }

    async fn ask(
        &self,
        redis: &Pool,
        organization: Option<OrganizationId>,
        job: &str,
        now: OffsetDateTime,
    ) -> Result<u64, RedisUnavailable> {
        let limit = |rate: Option<Rate>| rate.map_or((0, 0), |rate| (rate.interval(), rate.tolerance()));
        let (all, own) = (limit(self.all), limit(self.own));
        let mut call = PERMIT.prepare_invoke();
        let now = now.unix_timestamp_nanos() / 1_000_000;
        let now = if self.is_clock_injected { now.to_string() } else { String::new() };
        let organization =
            organization.map_or_else(|| "-".to_owned(), |organization| organization.to_string());
        call.key(&self.base).arg(now).arg(organization).arg(job);
        call.arg(all.0).arg(all.1).arg(own.0).arg(own.1).arg(PATIENCE_MS);
        let mut connection = redis.get().await?;
        Ok(call.invoke_async(&mut connection).await?)
    }
}
