//! Dates as requests give them.

use serde::{Deserialize, Deserializer, Serialize, de::Error};
use time::{Date, format_description::BorrowedFormatItem, macros::format_description};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// The years in which an invoice can be issued, due or paid. Dates outside are typing errors, and
/// PostgreSQL cannot store those far outside.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

/// A date of a request, `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Day(pub Date);

impl From<Day> for Date {
    fn from(day: Day) -> Self {
        day.0
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let date = (text.len() == 10)
            .then(|| Date::parse(&text, DAY).ok())
            .flatten()
            .ok_or_else(|| D::Error::custom("must be a date that exists, as 2026-03-15"))?;
        if YEARS.contains(&date.year()) {
            Ok(Self(date))
        } else {
            Err(D::Error::custom("must be a date between 1900 and 2199"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_exists_and_is_in_a_sensible_year() {
        let parsed = |text: &str| serde_json::from_value::<Day>(text.into());
        assert_eq!(parsed("2028-02-29").unwrap().0, time::macros::date!(2028 - 02 - 29));
        for wrong in [
            "2026-02-29",
            "2026-13-01",
            "2026-1-1",
            "26-01-01",
            "-999-01-01",
            "0000-01-01",
            "1899-12-31",
            "2200-01-01",
            "+2026-01-01",
            "2026-01-01T00:00:00Z",
            "",
            "demain",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
