//! Rate limits that hold across replicas, and that keep working while Redis is down.
//!
//! The algorithm is the generic cell rate algorithm: one instant is kept per key, the *theoretical arrival time* of
//! the next request if they came evenly spaced. Redis keeps it for all replicas together; while Redis is down each
//! process limits on its own.

mod memory;
mod rate;
mod redis_store;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_redis::Pool;
use rubis_kernel::SharedClock;
use tokio::time::Instant;
use tracing::{info, warn};

use memory::MemoryStore;
use rate::Action;
pub use rate::{Decision, Rate};
use redis_store::RedisStore;

/// Interval between attempts to reach Redis while it is down; in between, requests are not delayed by an attempt.
const RETRY_REDIS_AFTER: Duration = Duration::from_secs(1);

/// Limits the rate of an action.
#[derive(Debug)]
pub struct RateLimiter {
    redis: Option<Guarded>,
    memory: MemoryStore,
}

/// Redis, and the time from which it is used again after a failure.
#[derive(Debug)]
struct Guarded {
    store: RedisStore,
    away: AtomicBool,
    ask_again_at: Mutex<Option<Instant>>,
}

impl RateLimiter {
    /// Creates a limiter within this process only.
    pub fn memory(clock: SharedClock) -> Self {
        Self { redis: None, memory: MemoryStore::new(clock) }
    }

    /// Creates a limiter across all processes that use this Redis and prefix. While Redis is down it limits within
    /// this process, by `clock`.
    pub fn redis(pool: Pool, prefix: &str, clock: SharedClock) -> Self {
        let guarded = Guarded {
            store: RedisStore::new(pool, prefix),
            away: AtomicBool::new(false),
            ask_again_at: Mutex::new(None),
        };
        Self { redis: Some(guarded), memory: MemoryStore::new(clock) }
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
        if let Some(redis) = &self.redis
            && redis.is_worth_asking()
        {
            let answer = redis.store.run(action, key, rate, None).await;
            redis.remember(answer.as_ref().err());
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

impl Guarded {
    fn is_worth_asking(&self) -> bool {
        let ask_again_at = self.ask_again_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        ask_again_at.is_none_or(|at| Instant::now() >= at)
    }

    /// Logs once when an outage begins and once when it ends.
    fn remember(&self, failure: Option<&crate::redis::RedisUnavailable>) {
        let ask_again_at = failure.map(|_| Instant::now() + RETRY_REDIS_AFTER);
        *self.ask_again_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = ask_again_at;
        let was_away = self.away.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(error) if !was_away => {
                let error: &dyn std::error::Error = error;
                warn!(error, "Redis unavailable, rates limited per process");
            }
            None if was_away => info!("Redis available again, rates limited across processes"),
            Some(_) | None => {}
        }
    }
}
