//! Time zones, business days, and the instant at which a day's mails are sent.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset, Weekday};
use time_tz::{Offset, OffsetError, PrimitiveDateTimeExt, TimeZone as _, Tz, timezones};

use crate::holidays::{HolidayCalendar, is_public_holiday};

/// A time zone of the IANA database.
#[derive(Clone, Copy)]
pub struct TimeZone(&'static Tz);

/// No time zone has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time zone of the IANA database")]
pub struct UnknownTimeZone(pub String);

impl TimeZone {
    /// Returns the name, such as `Europe/Paris`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0.name()
    }

    /// Returns the time zone of metropolitan France.
    #[must_use]
    pub fn paris() -> Self {
        Self(timezones::db::europe::PARIS)
    }

    /// Returns the local date at this instant.
    #[must_use]
    pub fn local_date(self, instant: OffsetDateTime) -> Date {
        let offset = self.0.get_offset_utc(&instant).to_utc();
        instant.to_offset(offset).date()
    }

    /// Returns the local time at this instant.
    #[must_use]
    pub fn local_time(self, instant: OffsetDateTime) -> Time {
        let offset = self.0.get_offset_utc(&instant).to_utc();
        instant.to_offset(offset).time()
    }

    /// Returns the instant of this local date and time. A time skipped by daylight saving gives the first instant
    /// after the gap; a repeated time gives the earlier instant.
    #[must_use]
    pub fn instant(self, date: Date, time: Time) -> OffsetDateTime {
        let local = PrimitiveDateTime::new(date, time);
        match local.assume_timezone(self.0) {
            Ok(instant) => instant.to_offset(UtcOffset::UTC),
            Err(OffsetError::Ambiguous(first, second)) => first.min(second).to_offset(UtcOffset::UTC),
            Err(OffsetError::Undefined) => self.after_gap(local),
        }
    }

    /// Returns the first instant after the gap that contains this local time.
    fn after_gap(self, local: PrimitiveDateTime) -> OffsetDateTime {
        // The offset in force well after the gap turns the skipped time into an instant before the change by exactly
        // as much as it lies before the gap's end, so the change is searched there.
        let after = self.0.get_offset_utc(&(local.assume_utc() + Duration::hours(26))).to_utc();
        let before = self.0.get_offset_utc(&(local.assume_utc() - Duration::hours(26))).to_utc();
        let (mut low, mut high) = (local.assume_offset(after), local.assume_offset(before));
        // The change lies between the two instants: the offset is `before` at `low`, `after` at `high`.
        while high - low > Duration::SECOND {
            let middle = low + (high - low) / 2;
            if self.0.get_offset_utc(&middle).to_utc() == after {
                high = middle;
            } else {
                low = middle;
            }
        }
        let high = high.to_offset(UtcOffset::UTC);
        high.replace_nanosecond(0).unwrap_or(high)
    }
}

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        // The database also has the names used by Windows, which contain spaces.
        timezones::get_by_name(name)
            .filter(|_| !name.contains(' '))
            .map(Self)
            .ok_or_else(|| UnknownTimeZone(name.to_owned()))
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("TimeZone").field(&self.as_str()).finish()
    }
}

impl PartialEq for TimeZone {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for TimeZone {}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TimeZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Times at which an organization's mails are sent: its sending time, in its time zone, on its working days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendingCalendar {
    /// Time zone of the sending time.
    pub time_zone: TimeZone,
    /// Local time of day at which mails are sent.
    pub sending_time: Time,
    /// True if weekends and public holidays are skipped.
    pub business_days_only: bool,
    /// Public holidays that are skipped.
    pub holidays: HolidayCalendar,
}

impl SendingCalendar {
    /// Reports whether mails are sent on this day.
    #[must_use]
    pub fn sends_on(&self, date: Date) -> bool {
        !self.business_days_only
            || !(matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
                || is_public_holiday(date, self.holidays))
    }

    /// Returns this day, or the next one on which mails are sent.
    #[must_use]
    pub fn sending_day(&self, date: Date) -> Date {
        let mut day = date;
        while !self.sends_on(day) {
            match day.next_day() {
                Some(next) => day = next,
                None => return date,
            }
        }
        day
    }

    /// Returns the instant at which mails planned for this day are sent.
    #[must_use]
    pub fn sending_instant(&self, date: Date) -> OffsetDateTime {
        self.time_zone.instant(self.sending_day(date), self.sending_time)
    }

    /// Returns this instant if the sending time of its business day has passed, otherwise the next sending time.
    #[must_use]
    pub fn in_business_hours(&self, instant: OffsetDateTime) -> OffsetDateTime {
        self.sending_instant(self.today(instant)).max(instant)
    }

    /// Returns the date in the organization's time zone.
    #[must_use]
    pub fn today(&self, now: OffsetDateTime) -> Date {
        self.time_zone.local_date(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use time::macros::{date, datetime, time};

    fn paris(sending_time: Time) -> SendingCalendar {
        SendingCalendar {
            time_zone: "Europe/Paris".parse().unwrap(),
            sending_time,
            business_days_only: true,
            holidays: HolidayCalendar::Metropolitan,
        }
    }

    #[rstest]
    #[case("an ordinary Tuesday in winter", date!(2026 - 11 - 24), datetime!(2026-11-24 08:00 UTC))]
    #[case("an ordinary Tuesday in summer", date!(2026 - 07 - 21), datetime!(2026-07-21 07:00 UTC))]
    #[case("a Saturday moves to Monday", date!(2026 - 11 - 21), datetime!(2026-11-23 08:00 UTC))]
    #[case("the weekend of the change to winter time", date!(2026 - 10 - 24), datetime!(2026-10-26 08:00 UTC))]
    #[case("the weekend of the change to summer time", date!(2026 - 03 - 28), datetime!(2026-03-30 07:00 UTC))]
    #[case("Armistice Day is a Wednesday", date!(2026 - 11 - 11), datetime!(2026-11-12 08:00 UTC))]
    #[case("Christmas on a Friday reaches over a weekend", date!(2026 - 12 - 25), datetime!(2026-12-28 08:00 UTC))]
    #[case("the month's end on a Saturday", date!(2026 - 01 - 31), datetime!(2026-02-02 08:00 UTC))]
    fn mail_leaves_at_nine_on_a_business_day(
        #[case] _why: &str,
        #[case] meant_for: Date,
        #[case] leaves: OffsetDateTime,
    ) {
        assert_eq!(paris(time!(09:00)).sending_instant(meant_for), leaves);
    }

    #[test]
    fn an_organization_that_turned_business_days_off_sends_on_a_sunday() {
        let calendar = SendingCalendar { business_days_only: false, ..paris(time!(09:00)) };
        assert_eq!(calendar.sending_instant(date!(2026 - 11 - 22)), datetime!(2026-11-22 08:00 UTC));
    }

    #[test]
    fn a_time_that_daylight_saving_skips_becomes_the_first_instant_after_the_gap() {
        let zone: TimeZone = "Europe/Paris".parse().unwrap();
        for skipped in [time!(02:00), time!(02:30), time!(02:59:59)] {
            assert_eq!(zone.instant(date!(2026 - 03 - 29), skipped), datetime!(2026-03-29 01:00 UTC));
        }
        assert_eq!(zone.instant(date!(2026 - 03 - 29), time!(03:00)), datetime!(2026-03-29 01:00 UTC));
        assert_eq!(zone.instant(date!(2026 - 03 - 29), time!(01:59)), datetime!(2026-03-29 00:59 UTC));
    }

    #[test]
    fn a_time_that_daylight_saving_repeats_is_the_earlier_one() {
        let zone: TimeZone = "Europe/Paris".parse().unwrap();
        assert_eq!(zone.instant(date!(2026 - 10 - 25), time!(02:30)), datetime!(2026-10-25 00:30 UTC));
        let other: TimeZone = "America/New_York".parse().unwrap();
        assert_eq!(other.instant(date!(2026 - 11 - 01), time!(01:30)), datetime!(2026-11-01 05:30 UTC));
        assert_eq!(other.instant(date!(2026 - 03 - 08), time!(02:30)), datetime!(2026-03-08 07:00 UTC));
    }

    #[test]
    fn the_local_date_is_the_one_on_the_wall() {
        let zone: TimeZone = "Europe/Paris".parse().unwrap();
        assert_eq!(zone.local_date(datetime!(2026-11-21 22:59 UTC)), date!(2026 - 11 - 21));
        assert_eq!(zone.local_date(datetime!(2026-11-21 23:00 UTC)), date!(2026 - 11 - 22));
    }

    #[test]
    fn an_unknown_time_zone_is_refused() {
        assert_eq!("Europe/Pariss".parse::<TimeZone>(), Err(UnknownTimeZone("Europe/Pariss".to_owned())));
    }

    #[rstest]
    #[case("on a Tuesday afternoon", datetime!(2026-11-24 15:00 UTC), datetime!(2026-11-24 15:00 UTC))]
    #[case("on a Tuesday before nine", datetime!(2026-11-24 02:00 UTC), datetime!(2026-11-24 08:00 UTC))]
    #[case("on a Saturday", datetime!(2026-11-28 15:00 UTC), datetime!(2026-11-30 08:00 UTC))]
    #[case("in the night to Monday", datetime!(2026-11-29 23:30 UTC), datetime!(2026-11-30 08:00 UTC))]
    fn what_happens_on_its_own_waits_for_business_hours(
        #[case] _why: &str,
        #[case] instant: OffsetDateTime,
        #[case] sent_at: OffsetDateTime,
    ) {
        assert_eq!(paris(time!(09:00)).in_business_hours(instant), sent_at);
    }

    proptest::proptest! {
        #[test]
        fn mail_leaves_on_a_day_that_is_worked_and_never_before_it_is_meant_to(
            day in 0i64..20_000, minutes in 0u32..1_440,
        ) {
            let time = Time::from_hms(
                u8::try_from(minutes / 60).unwrap(), u8::try_from(minutes % 60).unwrap(), 0,
            ).unwrap();
            let calendar = paris(time);
            let meant_for = date!(2000 - 01 - 01) + Duration::days(day);
            let leaves_on = calendar.today(calendar.sending_instant(meant_for));
            proptest::prop_assert!(calendar.sends_on(leaves_on));
            proptest::prop_assert!(leaves_on >= meant_for);
            proptest::prop_assert!(leaves_on - meant_for <= Duration::days(5));
        }
    }
}
