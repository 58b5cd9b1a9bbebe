//! The public holidays on which nothing is sent (Code du travail, articles L3133-1 and L3134-13).

use serde::{Deserialize, Serialize};
use time::{Date, Duration, Month};

/// Which public holidays count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolidayCalendar {
    /// The eleven of metropolitan France.
    #[default]
    Metropolitan,
    /// Those, and Good Friday and the 26th of December, as in the Haut-Rhin, the Bas-Rhin and the Moselle.
    AlsaceMoselle,
}

/// Whether this is a public holiday.
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
    ) || (alsace_moselle && (date.month(), date.day()) == (Month::December, 26));
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

/// Easter Sunday of a year of the Gregorian calendar (the algorithm of Meeus, Jones and Butcher).
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
    // Counted from the 22nd of March, the earliest date that Easter can fall on.
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
}
