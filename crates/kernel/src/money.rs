//! Amounts of money: integer cents and a currency that exists.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

/// No currency has this code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an ISO 4217 currency code")]
pub struct UnknownCurrency(pub String);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);

    /// The three-letter code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0.code()
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        iso_currency::Currency::from_code(code).map(Self).ok_or_else(|| UnknownCurrency(code.to_owned()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount in hundredths of a currency's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Hundredths of the unit (cents of a euro).
    pub cents: i64,
    /// Which currency they are of.
    pub currency: Currency,
}

impl Money {
    /// This many cents of a currency.
    #[must_use]
    pub const fn new(cents: i64, currency: Currency) -> Self {
        Self { cents, currency }
    }

    /// The amount as it is written in France, `1 234,56 €`: thousands apart by a narrow no-break
    /// space (U+202F), a comma, and a no-break space (U+00A0) before the symbol. Currencies other
    /// than the euro are written with their code, which can't be mistaken for another's.
    #[must_use]
    pub fn format_french(&self) -> String {
        let cents = self.cents.unsigned_abs();
        let (units, rest) = (cents / 100, cents % 100);
        let digits = units.to_string();
        let mut grouped = String::with_capacity(digits.len() * 2);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push('\u{202f}');
            }
            grouped.push(digit);
        }
        let sign = if self.cents < 0 { "-" } else { "" };
        let symbol = if self.currency == Currency::EUR { "€" } else { self.currency.as_str() };
        format!("{sign}{grouped},{rest:02}\u{a0}{symbol}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(0, "0,00\u{a0}€")]
    #[case(5, "0,05\u{a0}€")]
    #[case(99_999, "999,99\u{a0}€")]
    #[case(123_456, "1\u{202f}234,56\u{a0}€")]
    #[case(100_000_000_000_000, "1\u{202f}000\u{202f}000\u{202f}000\u{202f}000,00\u{a0}€")]
    #[case(-150, "-1,50\u{a0}€")]
    fn euros_are_written_the_french_way(#[case] cents: i64, #[case] written: &str) {
        assert_eq!(Money::new(cents, Currency::EUR).format_french(), written);
    }

    #[test]
    fn only_currencies_that_exist_are_accepted() {
        assert_eq!("CHF".parse::<Currency>().map(Currency::as_str), Ok("CHF"));
        for code in ["", "eur", "EURO", "ABC", "E R"] {
            assert_eq!(code.parse::<Currency>(), Err(UnknownCurrency(code.to_owned())));
        }
    }
}
