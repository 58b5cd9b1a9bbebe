//! Medians and percentiles.

use std::fmt;

/// The value that this share (0 to 1) of the values do not exceed; zero of none. Sorts them.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        clippy::as_conversions,
        reason = "an index from a share of a length"
    )]
    let index = (last as f64 * share).ceil() as usize;
    values.get(index.min(last)).copied().unwrap_or_default()
}

/// The middle value; zero of none.
pub fn median(values: &mut [f64]) -> f64 {
    percentile(values, 0.5)
}

pub fn median_of<T>(all: &[T], figure: impl Fn(&T) -> f64) -> f64 {
    median(&mut all.iter().map(figure).collect::<Vec<_>>())
}

/// A count for arithmetic.
#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "counts are far below 2^52")]
pub const fn as_number(count: usize) -> f64 {
    count as f64
}

/// Percentiles of times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lateness {
    pub p50: f64,
    pub p99: f64,
    pub most: f64,
}

impl Lateness {
    pub fn of(times: &mut [f64]) -> Self {
        let mut at = |share| percentile(times, share);
        Self { p50: at(0.5), p99: at(0.99), most: at(1.0) }
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {:.2}, p99 {:.2}, most {:.2} ms late", self.p50, self.p99, self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let mut values = [3.0, 1.0, 2.0, 5.0, 4.0];
        assert_eq!(median(&mut values), 3.0);
        assert_eq!(percentile(&mut values, 0.99), 5.0);
        assert_eq!(percentile(&mut values, 0.0), 1.0);
        assert_eq!(median(&mut []), 0.0);
    }
}
