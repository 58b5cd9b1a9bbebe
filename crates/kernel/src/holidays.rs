//! Public holidays on which no mail is sent (Code du travail, articles L3133-1, L3134-13 and L3422-2).

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::{Date, Duration, Month};

/// Public holidays of a part of France.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolidayCalendar {
    /// The eleven holidays of metropolitan France.
    #[default]
    Metropolitan,
    /// The eleven, and Good Friday and the 26th of December, as in the Haut-Rhin, the Bas-Rhin and the Moselle.
    AlsaceMoselle,
    /// The eleven, and the abolition of slavery on the 27th of May.
    Guadeloupe,
    /// The eleven, and the abolition of slavery on the 22nd of May.
    Martinique,
    /// The eleven, and the abolition of slavery on the 10th of June.
    Guyane,
    /// The eleven, and the abolition of slavery on the 20th of December.
    Reunion,
    /// The eleven, and the abolition of slavery on the 27th of April.
    Mayotte,
    /// The eleven, and the abolition of slavery on the 9th of October.
    SaintBarthelemy,
    /// The eleven, and the abolition of slavery on the 28th of May.
    SaintMartin,
}

/// No calendar has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such calendar of public holidays")]
pub struct UnknownHolidayCalendar;

impl HolidayCalendar {
    pub const ALL: [Self; 9] = [
        Self::Metropolitan,
        Self::AlsaceMoselle,
        Self::Guadeloupe,
        Self::Martinique,
        Self::Guyane,
        Self::Reunion,
        Self::Mayotte,
        Self::SaintBarthelemy,
        Self::SaintMartin,
    ];

    /// Returns the name used by the database and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metropolitan => "metropolitan",
            Self::AlsaceMoselle => "alsace_moselle",
            Self::Guadeloupe => "guadeloupe",
            Self::Martinique => "martinique",
            Self::Guyane => "guyane",
            Self::Reunion => "reunion",
            Self::Mayotte => "mayotte",
            Self::SaintBarthelemy => "saint_barthelemy",
            Self::SaintMartin => "saint_martin",
        }
    }

    /// Returns the calendar for an address: by the code of an overseas country, or the French postal code.
    #[must_use]
    pub fn of_address(country: Option<&str>, postal_code: Option<&str>) -> Self {
        match country {
            None | Some("FR") => Self::of_postal_code(postal_code.unwrap_or_default()),
            Some("GP") => Self::Guadeloupe,
            Some("MQ") => Self::Martinique,
            Some("GF") => Self::Guyane,
            Some("RE") => Self::Reunion,
            Some("YT") => Self::Mayotte,
            Some("BL") => Self::SaintBarthelemy,
            Some("MF") => Self::SaintMartin,
            Some(_) => Self::Metropolitan,
        }
    }

    fn of_postal_code(postal_code: &str) -> Self {
        let digits: String = postal_code.chars().filter(|letter| !letter.is_whitespace()).collect();
        if digits.len() != 5 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::Metropolitan;
        }
        match (digits.as_str(), digits.get(..3)) {
            ("97133", _) => Self::SaintBarthelemy,
            ("97150", _) => Self::SaintMartin,
            (_, Some("971")) => Self::Guadeloupe,
            (_, Some("972")) => Self::Martinique,
            (_, Some("973")) => Self::Guyane,
            (_, Some("974")) => Self::Reunion,
            (_, Some("976")) => Self::Mayotte,
            _ if ["57", "67", "68"].iter().any(|department| digits.starts_with(department)) => {
                Self::AlsaceMoselle
            }
            _ => Self::Metropolitan,
        }
    }

    /// Returns the day on which the abolition of slavery is commemorated (Code du travail, article L3422-2).
    const fn abolition_day(self) -> Option<(Month, u8)> {
        match self {
            Self::Metropolitan | Self::AlsaceMoselle => None,
            Self::Guadeloupe => Some((Month::May, 27)),
            Self::Martinique => Some((Month::May, 22)),
            Self::Guyane => Some((Month::June, 10)),
            Self::Reunion => Some((Month::December, 20)),
            Self::Mayotte => Some((Month::April, 27)),
            Self::SaintBarthelemy => Some((Month::October, 9)),
            Self::SaintMartin => Some((Month::May, 28)),
        }
    }
}

impl FromStr for HolidayCalendar {
    type Err = UnknownHolidayCalendar;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|calendar| calendar.as_str() == name).ok_or(UnknownHolidayCalendar)
    }
}

/// Reports whether this is a public holiday.
#[must_use]
pub fn is_public_holiday(date: Date, calendar: HolidayCalendar) -> bool {
    let alsace_moselle = calendar == HolidayCalendar::AlsaceMoselle;
    let fixed = matches!(
        (date.month(), date.day()),
        (Month::January | Month::May | Month::November, 1)
            | (Month::May, 8)
            | (Month::July, 14)
            | (Month::August, 15)
            | (Month::November, 11)
            | (Month::December, 25)
    ) || (alsace_moselle && (date.month(), date.day()) == (Month::December, 26))
        || calendar.abolition_day() == Some((date.month(), date.day()));
    if fixed {
        return true;
    }
    // Easter Monday, Ascension Day and Whit Monday, and Good Friday in the east.
    easter(date.year()).is_some_and(|easter| match (date - easter).whole_days() {
        1 | 39 | 50 => true,
        -2 => alsace_moselle,
        _ => false,
    })
}

/// Returns Easter Sunday of a year of the Gregorian calendar (the algorithm of Meeus, Jones and Butcher).
fn easter(year: i32) -> Option<Date> {
    let golden = year.rem_euclid(19);
    let century = year.div_euclid(100);
    let of_century = year.rem_euclid(100);
    let epact_correction = (century + 8) / 25;
    let epact =
        (19 * golden + century - century / 4 - (century - epact_correction + 1) / 3 + 15).rem_euclid(30);
    let weekday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4).rem_euclid(7);
    let shift = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * shift;
    // Counted from the 22nd of March, the earliest possible date of Easter.
    Date::from_calendar_date(year, Month::March, 22).ok()?.checked_add(Duration::days(days.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use time::macros::date;

    #[rstest]
    #[case(2024, date!(2024 - 03 - 31))]
    #[case(2025, date!(2025 - 04 - 20))]
    #[case(2026, date!(2026 - 04 - 05))]
    #[case(2027, date!(2027 - 03 - 28))]
    #[case(2038, date!(2038 - 04 - 25))]
    #[case(2285, date!(2285 - 03 - 22))]
    fn easter_falls_where_the_almanac_says(#[case] year: i32, #[case] sunday: Date) {
        assert_eq!(easter(year), Some(sunday));
    }

    #[test]
    fn a_year_has_eleven_public_holidays_and_thirteen_in_alsace_and_moselle() {
        let days = || (0..365).map(|day| date!(2026 - 01 - 01) + Duration::days(day));
        let metropolitan: Vec<_> =
            days().filter(|day| is_public_holiday(*day, HolidayCalendar::Metropolitan)).collect();
        assert_eq!(
            metropolitan,
            [
                date!(2026 - 01 - 01),
                date!(2026 - 04 - 06),
                date!(2026 - 05 - 01),
                date!(2026 - 05 - 08),
                date!(2026 - 05 - 14),
                date!(2026 - 05 - 25),
                date!(2026 - 07 - 14),
                date!(2026 - 08 - 15),
                date!(2026 - 11 - 01),
                date!(2026 - 11 - 11),
                date!(2026 - 12 - 25),
            ]
        );
        let only_in_the_east: Vec<_> = days()
            .filter(|day| {
                is_public_holiday(*day, HolidayCalendar::AlsaceMoselle) && !metropolitan.contains(day)
            })
            .collect();
        assert_eq!(only_in_the_east, [date!(2026 - 04 - 03), date!(2026 - 12 - 26)]);
    }
    #[rstest]
    #[case(HolidayCalendar::Guadeloupe, date!(2026 - 05 - 27))]
    #[case(HolidayCalendar::Martinique, date!(2026 - 05 - 22))]
    #[case(HolidayCalendar::Guyane, date!(2026 - 06 - 10))]
    #[case(HolidayCalendar::Reunion, date!(2026 - 12 - 20))]
    #[case(HolidayCalendar::Mayotte, date!(2026 - 04 - 27))]
    #[case(HolidayCalendar::SaintBarthelemy, date!(2026 - 10 - 09))]
    #[case(HolidayCalendar::SaintMartin, date!(2026 - 05 - 28))]
    fn overseas_the_abolition_of_slavery_is_the_twelfth_holiday(
        #[case] calendar: HolidayCalendar,
        #[case] day: Date,
    ) {
        let days = (0..365).map(|day| date!(2026 - 01 - 01) + Duration::days(day));
        let only_there: Vec<_> = days
            .filter(|day| {
                is_public_holiday(*day, calendar) != is_public_holiday(*day, HolidayCalendar::Metropolitan)
            })
            .collect();
        assert_eq!(only_there, [day]);
    }

    #[rstest]
    #[case(Some("FR"), Some("69003"), HolidayCalendar::Metropolitan)]
    #[case(None, Some("97 400"), HolidayCalendar::Reunion)]
    #[case(Some("FR"), Some("97110"), HolidayCalendar::Guadeloupe)]
    #[case(Some("FR"), Some("97133"), HolidayCalendar::SaintBarthelemy)]
    #[case(Some("FR"), Some("97150"), HolidayCalendar::SaintMartin)]
    #[case(Some("FR"), Some("97200"), HolidayCalendar::Martinique)]
    #[case(Some("FR"), Some("97300"), HolidayCalendar::Guyane)]
    #[case(Some("FR"), Some("97600"), HolidayCalendar::Mayotte)]
    #[case(Some("FR"), Some("97500"), HolidayCalendar::Metropolitan)]
    #[case(Some("FR"), Some("67000"), HolidayCalendar::AlsaceMoselle)]
    #[case(Some("FR"), Some("57000"), HolidayCalendar::AlsaceMoselle)]
    #[case(Some("BE"), Some("67000"), HolidayCalendar::Metropolitan)]
    #[case(Some("DE"), Some("97400"), HolidayCalendar::Metropolitan)]
    #[case(Some("YT"), None, HolidayCalendar::Mayotte)]
    #[case(None, Some("974"), HolidayCalendar::Metropolitan)]
    #[case(None, None, HolidayCalendar::Metropolitan)]
    fn the_calendar_follows_the_address(
        #[case] country: Option<&str>,
        #[case] postal_code: Option<&str>,
        #[case] expected: HolidayCalendar,
    ) {
        assert_eq!(HolidayCalendar::of_address(country, postal_code), expected);
    }

    #[test]
    fn every_calendar_is_found_by_its_name() {
        for calendar in HolidayCalendar::ALL {
            assert_eq!(calendar.as_str().parse(), Ok(calendar));
            assert_eq!(serde_json::to_value(calendar).unwrap(), calendar.as_str());
        }
        assert_eq!("bavarian".parse::<HolidayCalendar>(), Err(UnknownHolidayCalendar));
    }
}
