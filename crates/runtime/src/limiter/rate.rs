//! How often, and what came of asking.

use std::time::Duration;

/// So many attempts in so much time: `burst` at once, then one each `per / burst`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    burst: u32,
    per: Duration,
}

impl Rate {
    /// `burst` attempts per `per`; a burst of zero is taken as one.
    pub const fn new(burst: u32, per: Duration) -> Self {
        Self { burst: if burst == 0 { 1 } else { burst }, per }
    }

    /// So many attempts a minute.
    pub const fn per_minute(burst: u32) -> Self {
        Self::new(burst, Duration::from_secs(60))
    }

    /// The whole window in microseconds, at least one for each attempt.
    pub(super) fn window(self) -> i64 {
        i64::try_from(self.per.as_micros()).unwrap_or(i64::MAX / 4).clamp(i64::from(self.burst), i64::MAX / 4)
    }

    /// Microseconds between evenly spaced attempts.
    pub(super) fn interval(self) -> i64 {
        self.window() / i64::from(self.burst)
    }

    /// The rule itself: what comes of an attempt at `now` when the theoretical arrival time is `arrival`, and
    /// the new one if it is allowed. All in microseconds. The script in Redis does the same.
    pub(super) fn decide(self, now: i64, arrival: Option<i64>) -> (Decision, Option<i64>) {
        let next = arrival.unwrap_or(now).max(now).saturating_add(self.interval());
        let early = next.saturating_sub(self.window()).saturating_sub(now);
        if early > 0 {
            return (Decision::limited(early), None);
        }
        (Decision::allowed(-early / self.interval()), Some(next))
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It may be done.
    Allowed {
        /// How many more may be done at once.
        remaining: u32,
    },
    /// It is one too many.
    Limited {
        /// When it may be tried again.
        retry_after: Duration,
    },
}

impl Decision {
    /// Whether it may be done.
    pub fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed { .. })
    }

    pub(super) fn allowed(remaining: i64) -> Self {
        Self::Allowed { remaining: u32::try_from(remaining).unwrap_or(0) }
    }

    pub(super) fn limited(microseconds: i64) -> Self {
        Self::Limited { retry_after: Duration::from_micros(microseconds.unsigned_abs()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn a_burst_is_allowed_at_once_and_then_one_by_one() {
        let rate = Rate::new(3, Duration::from_secs(30));
        let mut arrival = None;
        for remaining in [2, 1, 0] {
            let (decision, next) = rate.decide(0, arrival);
            assert_eq!(decision, Decision::Allowed { remaining });
            arrival = next;
        }
        let (refused, unchanged) = rate.decide(4 * SECOND, arrival);
        assert_eq!(refused, Decision::Limited { retry_after: Duration::from_secs(6) });
        assert_eq!(unchanged, None, "a refused attempt is not counted");
        assert!(rate.decide(10 * SECOND, arrival).0.is_allowed());
        assert_eq!(rate.decide(300 * SECOND, arrival).0, Decision::Allowed { remaining: 2 });
    }

    #[test]
    fn odd_rates_still_work() {
        assert!(Rate::new(0, Duration::ZERO).decide(0, None).0.is_allowed());
        assert!(Rate::new(u32::MAX, Duration::from_nanos(1)).decide(0, None).0.is_allowed());
        assert!(Rate::new(1, Duration::MAX).decide(i64::MAX / 4, None).0.is_allowed());
    }
}
