//! Today, for the dates of the demo invoices.

use time::{Date, OffsetDateTime, UtcOffset};

/// The date in France, to within an hour of midnight in summer: a demo needs no time zone data.
pub fn today() -> Date {
    #[expect(
        clippy::disallowed_methods,
        reason = "a command has no clock to be injected with"
    )]
    let now = OffsetDateTime::now_utc();
    now.to_offset(UtcOffset::from_hms(1, 0, 0).unwrap_or(UtcOffset::UTC))
        .date()
}

/// Seconds since 1970, to tell one run from another.
pub fn seconds_since_1970() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a command has no clock to be injected with"
    )]
    let now = OffsetDateTime::now_utc();
    now.unix_timestamp()
}
