//! Lists as `09:00=85,08:00=15`, for arguments: things, each with its weight.

use std::fmt;
use std::str::FromStr;

use rubis_kernel::TimeZone;
use time::Time;
use time::macros::format_description;

/// Things, each with its weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighted<T>(pub Vec<(T, f64)>);

/// A time of day, as `09:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay(pub Time);

/// A time zone, as `Europe/Paris`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(pub TimeZone);

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = Time::parse(text, format_description!("[hour]:[minute]"));
        time.map(Self).map_err(|_| format!("{text:?} is no time of day: 09:00 is one"))
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: rubis_kernel::UnknownTimeZone| error.to_string())
    }
}

impl<T: FromStr<Err: fmt::Display>> FromStr for Weighted<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let things = text.split(',').map(|part| {
            let (thing, weight) =
                part.split_once('=').ok_or_else(|| format!("{part:?} has no weight: thing=weight"))?;
            let thing = thing.trim().parse::<T>().map_err(|error| error.to_string())?;
            let weight: f64 = weight.trim().parse().map_err(|_| format!("{weight:?} is no weight"))?;
            if !weight.is_finite() || weight < 0.0 {
                return Err(format!("{weight} is no weight"));
            }
            Ok((thing, weight))
        });
        let things = things.collect::<Result<Vec<_>, String>>()?;
        if things.iter().all(|(_, weight)| *weight == 0.0) {
            return Err("one of the weights has to be above zero".to_owned());
        }
        Ok(Self(things))
    }
}

impl<T> Weighted<T> {
    /// The weights alone.
    pub fn weights(&self) -> Vec<f64> {
        self.0.iter().map(|(_, weight)| *weight).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::time;

    #[test]
    fn a_list_of_things_with_weights_is_read() {
        let times: Weighted<TimeOfDay> = "09:00=85,08:30=15".parse().unwrap();
        assert_eq!(times.0, [(TimeOfDay(time!(09:00)), 85.0), (TimeOfDay(time!(08:30)), 15.0)]);
        assert_eq!("0=1,30=2".parse::<Weighted<u32>>().unwrap().weights(), [1.0, 2.0]);
    }

    #[test]
    fn what_is_no_such_list_is_refused() {
        for text in ["", "09:00", "09:00=x", "25:00=1", "09:00=-1", "09:00=0"] {
            assert!(text.parse::<Weighted<TimeOfDay>>().is_err(), "{text}");
        }
        assert!("Europe/Pariss=1".parse::<Weighted<Zone>>().is_err());
    }
}
