//! Penalties for late payment, which companies owe (article L. 441-10 of the Code de commerce).

use rubis_kernel::Money;

/// A yearly rate in hundredths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PenaltyRate(pub u16);

impl PenaltyRate {
    /// The rate as it is written in France: `12,15 %`, with a no-break space.
    pub fn format_french(self) -> String {
        let (units, rest) = (self.0 / 100, self.0 % 100);
        let decimals = format!("{rest:02}");
        let decimals = decimals.trim_end_matches('0');
        let separator = if decimals.is_empty() { "" } else { "," };
        format!("{units}{separator}{decimals}\u{a0}%")
    }

    /// The penalties on an amount that was owed for so many days, rounded down: no more is claimed than is owed. A year
    /// has 365 days. `None` if there are none.
    pub fn on(self, owed: Money, days: i64) -> Option<Money> {
        let cents = i128::from(owed.cents) * i128::from(self.0) * i128::from(days) / (10_000 * 365);
        let cents = i64::try_from(cents).ok().filter(|cents| *cents > 0)?;
        Some(Money::new(cents, owed.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rubis_kernel::Currency;

    #[test]
    fn a_rate_is_written_the_french_way() {
        let written = |points| PenaltyRate(points).format_french();
        assert_eq!(
            [written(1_215), written(1_200), written(1_250)],
            ["12,15\u{a0}%", "12\u{a0}%", "12,5\u{a0}%"]
        );
        assert_eq!([written(5), written(10_000)], ["0,05\u{a0}%", "100\u{a0}%"]);
    }

    #[test]
    fn penalties_grow_by_the_day_on_what_is_owed() {
        let owed = Money::new(120_000, Currency::EUR);
        // 1 200 € × 12,15 % × 30 / 365 = 11,98 €.
        assert_eq!(PenaltyRate(1_215).on(owed, 30), Some(Money::new(1_198, Currency::EUR)));
        assert_eq!(PenaltyRate(1_215).on(owed, 365), Some(Money::new(14_580, Currency::EUR)));
        for days in [0, -3] {
            assert_eq!(PenaltyRate(1_215).on(owed, days), None);
        }
        assert_eq!(PenaltyRate(1).on(Money::new(1, Currency::EUR), 1), None, "less than a cent");
        let huge = Money::new(i64::MAX, Currency::EUR);
        assert_eq!(PenaltyRate(10_000).on(huge, 3_650), None, "beyond what an amount can hold");
    }
}
