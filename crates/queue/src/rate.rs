//! How much may leave at once.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use time::OffsetDateTime;

use crate::instant::milliseconds;

/// At most `count` jobs in each `per`, of which `burst` may follow one another without a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// How many.
    pub count: u32,
    /// In what time.
    pub per: Duration,
    /// How many at once, after a rest; at least one.
    pub burst: u32,
}

impl RateLimit {
    /// The time between two jobs that leave evenly, in milliseconds.
    pub(crate) fn interval(&self) -> f64 {
        self.per.as_secs_f64() * 1_000.0 / f64::from(self.count.max(1))
    }

    /// How far ahead of even departure jobs may run, in milliseconds.
    pub(crate) fn tolerance(&self) -> f64 {
        self.interval() * f64::from(self.burst.max(1) - 1)
    }
}

/// The limit as one worker keeps it while Redis, which keeps it for all workers, is away.
#[derive(Debug)]
pub(crate) struct LocalRate {
    limit: RateLimit,
    started: Instant,
    /// When the next job would leave if all left evenly, in milliseconds.
    arrival: Mutex<f64>,
}

impl LocalRate {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self { limit, started: Instant::now(), arrival: Mutex::new(f64::NEG_INFINITY) }
    }

    /// How many of `wanted` may leave now, by this process's monotonic clock unless a test says.
    pub(crate) fn take(&self, wanted: u32, now: Option<OffsetDateTime>) -> u32 {
        let elapsed = || self.started.elapsed().as_secs_f64() * 1_000.0;
        let now = now.map_or_else(elapsed, |now| f64_from(milliseconds(now)));
        let (interval, tolerance) = (self.limit.interval(), self.limit.tolerance());
        let mut arrival = self.arrival.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = arrival.clamp(now, now + tolerance + interval);
        let mut taken = 0;
        while taken < wanted && next - tolerance <= now {
            next += interval;
            taken += 1;
        }
        *arrival = next;
        taken
    }

    /// Gives back what was taken and not used.
    pub(crate) fn give_back(&self, unused: u32) {
        let mut arrival = self.arrival.lock().unwrap_or_else(PoisonError::into_inner);
        *arrival -= f64::from(unused) * self.limit.interval();
    }
}

/// Milliseconds since 1970 are far below 2^53: nothing is rounded.
#[expect(clippy::as_conversions, reason = "there is no checked conversion from i64 to f64")]
fn f64_from(milliseconds: i64) -> f64 {
    milliseconds as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_burst_jobs_leave_evenly() {
        let rate = LocalRate::new(RateLimit { count: 10, per: Duration::from_secs(1), burst: 3 });
        let start = OffsetDateTime::UNIX_EPOCH;
        assert_eq!(rate.take(50, Some(start)), 3);
        assert_eq!(rate.take(50, Some(start)), 0);
        assert_eq!(rate.take(50, Some(start + Duration::from_millis(100))), 1);
        assert_eq!(rate.take(50, Some(start + Duration::from_secs(10))), 3);
    }

    #[test]
    fn what_was_not_used_can_be_used_later() {
        let rate = LocalRate::new(RateLimit { count: 10, per: Duration::from_secs(1), burst: 3 });
        let start = OffsetDateTime::UNIX_EPOCH;
        assert_eq!(rate.take(3, Some(start)), 3);
        rate.give_back(2);
        assert_eq!(rate.take(3, Some(start)), 2);
    }
}
