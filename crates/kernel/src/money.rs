//! Amounts of money: integer minor units and an existing currency.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 4217 currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

/// Reasons why a code is not a currency for amounts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    /// ISO 4217 has no such code.
    #[error("{0:?} is not an ISO 4217 currency code")]
    Unknown(String),
    /// ISO 4217 gives the code no minor unit: it is a metal, a unit of account, the test code or no currency.
    #[error("{code} ({}) is not a currency that an amount can be paid in", code.name())]
    WithoutMinorUnit { code: Currency },
}

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);

    /// Returns the three-letter code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0.code()
    }

    /// Returns the English name.
    fn name(self) -> String {
        self.0.name().to_owned()
    }

    /// Returns the number of decimals of an amount: 2 for the euro, 0 for the CFP franc, 3 for the Tunisian dinar. A
    /// stored code without a minor unit counts as 2.
    #[must_use]
    pub fn decimals(self) -> u32 {
        self.0.exponent().map_or(2, u32::from)
    }

    /// Parses a stored code. Codes without a minor unit were accepted once, and rows that contain them stay readable.
    ///
    /// # Errors
    /// [`CurrencyError::Unknown`].
    pub fn from_stored(code: &str) -> Result<Self, CurrencyError> {
        iso_currency::Currency::from_code(code)
            .map(Self)
            .ok_or_else(|| CurrencyError::Unknown(code.to_owned()))
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    /// Parses the code of a currency in which an amount can be paid.
    fn from_str(code: &str) -> Result<Self, Self::Err> {
        let currency = Self::from_stored(code)?;
        match currency.0.exponent() {
            Some(_) => Ok(currency),
            None => Err(CurrencyError::WithoutMinorUnit { code: currency }),
        }
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
        Self::from_stored(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// An amount in the minor unit that ISO 4217 gives its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: cents of a euro, francs of the CFP franc, millimes of the Tunisian dinar.
    pub cents: i64,
    pub currency: Currency,
}

impl Money {
    /// Creates an amount of this many minor units of a currency.
    #[must_use]
    pub const fn new(cents: i64, currency: Currency) -> Self {
        Self { cents, currency }
    }

    /// Formats the amount as in France, `1 234,56 €`: thousands are separated by a narrow no-break space (U+202F),
    /// decimals by a comma, and the symbol by a no-break space (U+00A0). The number of decimals is that of the
    /// currency's minor unit. Currencies other than the euro are written with their unambiguous code.
    #[must_use]
    pub fn format_french(&self) -> String {
        let minor_units = self.cents.unsigned_abs();
        let decimals = self.currency.decimals();
        let scale = 10_u64.pow(decimals);
        let (units, rest) = (minor_units / scale, minor_units % scale);
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
        let fraction = match usize::try_from(decimals) {
            Ok(width @ 1..) => format!(",{rest:0width$}"),
            Ok(0) | Err(_) => String::new(),
        };
        format!("{sign}{grouped}{fraction}\u{a0}{symbol}")
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

    #[rstest::rstest]
    #[case("XPF", 0, "0\u{a0}XPF")]
    #[case("XPF", 150_000, "150\u{202f}000\u{a0}XPF")]
    #[case("JPY", -1_234, "-1\u{202f}234\u{a0}JPY")]
    #[case("CHF", 123_456, "1\u{202f}234,56\u{a0}CHF")]
    #[case("TND", 5, "0,005\u{a0}TND")]
    #[case("KWD", 1_234_567, "1\u{202f}234,567\u{a0}KWD")]
    #[case("CLF", 10_001, "1,0001\u{a0}CLF")]
    fn an_amount_has_the_decimals_of_its_currency(
        #[case] code: &str,
        #[case] minor_units: i64,
        #[case] written: &str,
    ) {
        assert_eq!(Money::new(minor_units, code.parse().unwrap()).format_french(), written);
    }

    #[test]
    fn only_currencies_that_exist_are_accepted() {
        assert_eq!("CHF".parse::<Currency>().map(Currency::as_str), Ok("CHF"));
        for code in ["", "eur", "EURO", "ABC", "E R"] {
            assert_eq!(code.parse::<Currency>(), Err(CurrencyError::Unknown(code.to_owned())));
        }
    }

    #[test]
    fn a_code_without_a_minor_unit_is_no_currency_of_an_amount_but_stays_readable() {
        for code in
            ["XXX", "XTS", "XAU", "XAG", "XPT", "XPD", "XDR", "XSU", "XUA", "XBA", "XBB", "XBC", "XBD"]
        {
            let stored = Currency::from_stored(code).unwrap();
            assert_eq!(stored.as_str(), code);
            assert_eq!(code.parse::<Currency>(), Err(CurrencyError::WithoutMinorUnit { code: stored }));
        }
        let refusal = "XAU".parse::<Currency>().unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "XAU (Gold (one troy ounce)) is not a currency that an amount can be paid in"
        );
    }
}
