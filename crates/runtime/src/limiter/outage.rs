//! Redis while it is down: it is not asked again at once, and an outage is logged once when it begins and ends.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;
use tracing::{info, warn};

use crate::redis::RedisUnavailable;

/// State of an outage.
#[derive(Debug)]
pub(super) struct Outage {
    /// Effect of an outage, for the log.
    effect: &'static str,
    /// Time between attempts while Redis is down; requests in between are not delayed by one.
    pause: Duration,
    lasts: AtomicBool,
    ask_again_at: Mutex<Option<Instant>>,
}

impl Outage {
    pub(super) fn new(effect: &'static str, pause: Duration) -> Self {
        Self { effect, pause, lasts: AtomicBool::new(false), ask_again_at: Mutex::new(None) }
    }

    pub(super) fn is_redis_worth_asking(&self) -> bool {
        let ask_again_at = self.ask_again_at.lock().unwrap_or_else(PoisonError::into_inner);
        ask_again_at.is_none_or(|at| Instant::now() >= at)
    }

    /// Records the result of an attempt.
    pub(super) fn note(&self, failure: Option<&RedisUnavailable>) {
        let ask_again_at = failure.map(|_| Instant::now() + self.pause);
        *self.ask_again_at.lock().unwrap_or_else(PoisonError::into_inner) = ask_again_at;
        let lasted = self.lasts.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(error) if !lasted => {
                let error: &dyn std::error::Error = error;
                warn!(error, effect = self.effect, "Redis unavailable");
            }
            None if lasted => info!(effect = self.effect, "Redis available again"),
            Some(_) | None => {}
        }
    }
}
