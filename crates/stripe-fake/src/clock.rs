//! The time at the fake: the clock it was given, and how far it was moved on.

use std::sync::{Mutex, PoisonError};

use rubis_kernel::SharedClock;
use time::{Duration, OffsetDateTime};

/// The clock it was given, moved on.
pub(crate) struct FakeClock {
    outside: SharedClock,
    ahead: Mutex<Duration>,
}

impl FakeClock {
    pub(crate) fn new(outside: SharedClock) -> Self {
        Self { outside, ahead: Mutex::default() }
    }

    /// The time of what happens here, in whole seconds as Stripe counts.
    pub(crate) fn now(&self) -> OffsetDateTime {
        whole_seconds(self.outside.now() + self.ahead())
    }

    /// The time of those who are outside: what a signature bears, since they compare it with their clock.
    pub(crate) fn outside(&self) -> OffsetDateTime {
        whole_seconds(self.outside.now())
    }

    /// How far it was moved on.
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
