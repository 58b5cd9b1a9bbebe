//! Rates, and the decision on an attempt.

use std::time::Duration;

/// A rate: `burst` attempts at once, then one each `per / burst`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    burst: u32,
    per: Duration,
}

impl Rate {
    /// Creates a rate of `burst` attempts per `per`; a burst of zero counts as one.
    pub const fn new(burst: u32, per: Duration) -> Self {
        Self { burst: if burst == 0 { 1 } else { burst }, per }
    }

    /// Creates a rate of this many attempts a minute.
    pub const fn per_minute(burst: u32) -> Self {
        Self::new(burst, Duration::from_secs(60))
    }

    /// Returns the whole window in microseconds, at least one for each attempt.
    pub(super) fn window(self) -> i64 {
        i64::try_from(self.per.as_micros()).unwrap_or(i64::MAX / 4).clamp(i64::from(self.burst), i64::MAX / 4)
    }

    /// Returns the number of attempts allowed at once.
    pub const fn burst(self) -> u32 {
        self.burst
    }

    /// Returns the microseconds between evenly spaced attempts.
    pub(super) fn interval(self) -> i64 {
        self.window() / i64::from(self.burst)
    }

    /// Returns the microseconds by which attempts may run ahead of even spacing.
    pub(super) fn tolerance(self) -> i64 {
        self.window() - self.interval()
    }

    /// Decides on an attempt at `now` with the theoretical arrival time `arrival`, and returns the new arrival time if
    /// the attempt is allowed. All in microseconds. The script in Redis implements the same rule.
    pub(super) fn decide(self, now: i64, arrival: Option<i64>) -> (Decision, Option<i64>) {
        let next = arrival.unwrap_or(now).max(now).saturating_add(self.interval());
        let early = next.saturating_sub(self.window()).saturating_sub(now);
        if early > 0 {
            return (Decision::limited(early), None);
        }
        (Decision::allowed(-early / self.interval()), Some(next))
    }

    /// Applies an action to a key: returns the decision, and the new theoretical arrival time if it changes.
    pub(super) fn apply(self, action: Action, now: i64, arrival: Option<i64>) -> (Decision, Option<i64>) {
        match action {
            Action::Count => self.decide(now, arrival),
            Action::Peek => (self.decide(now, arrival).0, None),
            Action::GiveBack => {
                let earlier = arrival.map(|arrival| arrival.saturating_sub(self.interval()));
                (self.decide(now, earlier).0, earlier)
            }
        }
    }
}

/// Action on a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Counts an attempt, if it is allowed.
    Count,
    /// Checks if an attempt would be allowed.
    Peek,
    /// Takes back an attempt that was counted.
    GiveBack,
}

impl Action {
    /// Returns the name used by the script.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Peek => "peek",
            Self::GiveBack => "give_back",
        }
    }
}

/// Result of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The attempt is allowed.
    Allowed {
        /// Number of further attempts allowed at once.
        remaining: u32,
    },
    /// The attempt exceeds the rate.
    Limited {
        /// Time until the next attempt is allowed.
        retry_after: Duration,
    },
}

impl Decision {
    /// Reports whether the attempt is allowed.
    pub fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed { .. })
    }

    /// Returns the number of attempts counted before one that was only checked.
    pub(super) fn counted(self, rate: Rate) -> u32 {
        match self {
            Self::Allowed { remaining } => rate.burst().saturating_sub(remaining).saturating_sub(1),
            Self::Limited { .. } => rate.burst(),
        }
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
    fn an_attempt_that_is_given_back_was_never_counted() {
        let rate = Rate::new(3, Duration::from_secs(30));
        let (mut arrival, counted) = (None, |arrival| rate.apply(Action::Peek, 0, arrival).0.counted(rate));
        for expected in 1..=3 {
            arrival = rate.apply(Action::Count, 0, arrival).1;
            assert_eq!(counted(arrival), expected);
        }
        let (decision, earlier) = rate.apply(Action::GiveBack, 0, arrival);
        assert!(decision.is_allowed());
        assert_eq!(counted(earlier), 2);
        assert_eq!(rate.apply(Action::Peek, 0, earlier).1, None, "looking changes nothing");
        assert_eq!(rate.apply(Action::GiveBack, 0, None), (Decision::Allowed { remaining: 2 }, None));
    }

    #[test]
    fn odd_rates_still_work() {
        assert!(Rate::new(0, Duration::ZERO).decide(0, None).0.is_allowed());
        assert!(Rate::new(u32::MAX, Duration::from_nanos(1)).decide(0, None).0.is_allowed());
        assert!(Rate::new(1, Duration::MAX).decide(i64::MAX / 4, None).0.is_allowed());
    }
}
