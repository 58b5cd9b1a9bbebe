//! The time at the fake: the clock it was given, moved forward.

use std::sync::{Mutex, PoisonError};

use rubis_kernel::SharedClock;
use time::{Duration, OffsetDateTime};

/// The clock it was given, moved forward.
pub(crate) struct FakeClock {
    outside: SharedClock,
    ahead: Mutex<Duration>,
}

impl FakeClock {
    pub(crate) fn new(outside: SharedClock) -> Self {
        Self { outside, ahead: Mutex::default() }
    }

    /// Returns the time of events here, in whole seconds as Stripe counts.
    pub(crate) fn now(&self) -> OffsetDateTime {
        whole_seconds(self.outside.now() + self.ahead())
    }

    /// Returns the time outside the fake for signatures, since verifiers compare it with their own clock.
    pub(crate) fn outside(&self) -> OffsetDateTime {
        whole_seconds(self.outside.now())
    }

    /// Returns the difference to the clock it was given.
    pub(crate) fn ahead(&self) -> Duration {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

fn whole_seconds(instant: OffsetDateTime) -> OffsetDateTime {
    instant - Duration::nanoseconds(i64::from(instant.nanosecond()))
}
