//! Rate limits that hold across replicas, and that keep working while Redis is down.
//!
//! The algorithm is the generic cell rate algorithm: one instant is kept per key, the *theoretical arrival time* of
//! the next request if they came evenly spaced. Redis keeps it for all replicas together; while Redis is down each
//! process limits on its own.

mod mail_rate;
mod memory;
mod outage;
mod rate;
mod redis_store;

use std::time::Duration;

use deadpool_redis::Pool;
use rubis_kernel::SharedClock;

pub use mail_rate::MailRate;
use memory::MemoryStore;
use outage::Outage;
use rate::Action;
pub use rate::{Decision, Rate};
use redis_store::RedisStore;

/// Interval between attempts to reach Redis while it is down; in between, requests are not delayed by an attempt.
const RETRY_REDIS_AFTER: Duration = Duration::from_secs(1);

/// Limits the rate of an action.
#[derive(Debug)]
pub struct RateLimiter {
    redis: Option<(RedisStore, Outage)>,
    memory: MemoryStore,
}

impl RateLimiter {
    /// Creates a limiter within this process only.
    pub fn memory(clock: SharedClock) -> Self {
        Self { redis: None, memory: MemoryStore::new(clock) }
    }

    /// Creates a limiter across all processes that use this Redis and prefix. While Redis is down it limits within
    /// this process, by `clock`.
    pub fn redis(pool: Pool, prefix: &str, clock: SharedClock) -> Self {
        let outage = Outage::new("rates limited per process", RETRY_REDIS_AFTER);
        Self { redis: Some((RedisStore::new(pool, prefix), outage)), memory: MemoryStore::new(clock) }
    }

    /// Counts one attempt under `key`, unless it exceeds the rate: refused attempts are not counted. Keys may contain
    /// any text (an address, a user's input): only their hash is stored.
    pub async fn check(&self, key: &str, rate: Rate) -> Decision {
        self.run(Action::Count, key, rate).await
    }

    /// Returns the number of attempts currently counted under `key`, at most the rate's burst.
    pub async fn counted(&self, key: &str, rate: Rate) -> u32 {
        self.run(Action::Peek, key, rate).await.counted(rate)
    }

    /// Takes back an attempt that was counted under `key`.
    pub async fn give_back(&self, key: &str, rate: Rate) {
        self.run(Action::GiveBack, key, rate).await;
    }

    async fn run(&self, action: Action, key: &str, rate: Rate) -> Decision {
        if let Some((store, outage)) = &self.redis
            && outage.is_redis_worth_asking()
        {
            let answer = store.run(action, key, rate, None).await;
            outage.note(answer.as_ref().err());
            if let Ok(decision) = answer {
                return decision;
            }
        }
        if self.redis.is_some() {
            metrics::counter!("rubis_rate_limiter_fallback_total").increment(1);
        }
        self.memory.run(action, key, rate)
    }

    /// Like [`check`](Self::check), but counted in this process only: for decisions that must not depend on Redis.
    pub fn check_in_process(&self, key: &str, rate: Rate) -> Decision {
        self.memory.run(Action::Count, key, rate)
    }
}
