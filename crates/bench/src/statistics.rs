//! Medians and percentiles.

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
