//! Policy of retries.

use std::time::Duration;

/// Number of attempts of a kind of job, and the delays between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The number of failures after which the job is dead.
    pub max_attempts: u32,
    /// The wait after the first failure; each further failure doubles it.
    pub first_delay: Duration,
    /// No wait is longer than this.
    pub max_delay: Duration,
}

impl RetryPolicy {
    /// The wait after the `failures`-th failure (from 1). `jitter`, between 0 and 1, takes away up
    /// to half of it, so that jobs that failed together do not come back together.
    #[must_use]
    pub fn delay(&self, failures: u32, jitter: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let whole = self.first_delay.saturating_mul(1 << doublings).min(self.max_delay);
        whole.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        max_attempts: 5,
        first_delay: Duration::from_secs(10),
        max_delay: Duration::from_secs(60),
    };

    #[test]
    fn the_wait_doubles_up_to_its_bound() {
        let waits: Vec<u64> = (1..=5).map(|failures| POLICY.delay(failures, 0.0).as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 60, 60]);
        assert_eq!(POLICY.delay(u32::MAX, 0.0).as_secs(), 60);
    }

    #[test]
    fn jitter_takes_at_most_half() {
        assert_eq!(POLICY.delay(1, 1.0).as_secs(), 5);
        assert_eq!(POLICY.delay(1, 7.0).as_secs(), 5);
    }
}
