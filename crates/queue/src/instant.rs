//! Instants as Redis holds them: whole milliseconds since 1970, exact in its floating point scores.

use std::time::Duration;

use time::OffsetDateTime;

/// Rounded up, so that nothing looks due in Redis before Postgres finds it due.
pub(crate) fn milliseconds(instant: OffsetDateTime) -> i64 {
    let nanoseconds = instant.unix_timestamp_nanos();
    let whole = nanoseconds.div_euclid(1_000_000);
    let rounded = if nanoseconds.rem_euclid(1_000_000) == 0 { whole } else { whole + 1 };
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

/// The instant, which a date outside the calendar's years cannot be.
pub(crate) fn from_milliseconds(milliseconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000).ok()
}

/// A length of time, rounded up.
pub(crate) fn duration_milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros().div_ceil(1_000)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_rounded_up_to_whole_milliseconds() {
        let epoch = OffsetDateTime::UNIX_EPOCH;
        assert_eq!(milliseconds(epoch), 0);
        assert_eq!(milliseconds(epoch + Duration::from_micros(1)), 1);
        assert_eq!(milliseconds(epoch - Duration::from_micros(1_500)), -1);
        assert_eq!(from_milliseconds(1_500), Some(epoch + Duration::from_millis(1_500)));
    }
}
