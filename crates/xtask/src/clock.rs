//! The time, for the dates of the demo invoices and for what is written to the terminal.

use time::{Date, Duration, Month, OffsetDateTime, Time, UtcOffset, Weekday};

#[expect(clippy::disallowed_methods, reason = "a command has no clock to be injected with")]
pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// The date in France.
pub fn today() -> Date {
    in_france(now()).date()
}

/// The same instant on a French clock.
///
/// The rule of the European Union in a few lines, rather than time zone data in a command that has to compile in
/// seconds: summer time from 01:00 UTC on the last Sunday of March to 01:00 UTC on that of October.
pub fn in_france(instant: OffsetDateTime) -> OffsetDateTime {
    let utc = instant.to_offset(UtcOffset::UTC);
    let change = |month| {
        last_sunday(utc.year(), month).map(|day| day.with_time(Time::MIDNIGHT).assume_utc() + Duration::HOUR)
    };
    let summer = match (change(Month::March), change(Month::October)) {
        (Some(begins), Some(ends)) => begins <= utc && utc < ends,
        _ => false,
    };
    let hours = if summer { 2 } else { 1 };
    UtcOffset::from_hms(hours, 0, 0).map_or(utc, |offset| utc.to_offset(offset))
}

fn last_sunday(year: i32, month: Month) -> Option<Date> {
    let mut day = Date::from_calendar_date(year, month, month.length(year)).ok()?;
    while day.weekday() != Weekday::Sunday {
        day = day.previous_day()?;
    }
    Some(day)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn french_clocks_change_on_the_last_sundays_of_march_and_october() {
        assert_eq!(in_france(datetime!(2026-03-29 00:59:59 UTC)).hour(), 1);
        assert_eq!(in_france(datetime!(2026-03-29 01:00:00 UTC)).hour(), 3);
        assert_eq!(in_france(datetime!(2026-10-25 00:59:59 UTC)).hour(), 2);
        assert_eq!(in_france(datetime!(2026-10-25 01:00:00 UTC)).hour(), 2);
        assert_eq!(in_france(datetime!(2026-12-31 23:30:00 UTC)).date(), time::macros::date!(2027 - 01 - 01));
    }
}
