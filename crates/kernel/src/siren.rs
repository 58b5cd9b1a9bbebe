//! SIREN: the number of a French company.

/// Reports whether these are nine digits of which the last checks the others (Luhn), as assigned by INSEE.
#[must_use]
pub fn is_valid_siren(siren: &str) -> bool {
    if siren.len() != 9 {
        return false;
    }
    let mut sum = 0;
    for (index, digit) in siren.chars().rev().enumerate() {
        let Some(digit) = digit.to_digit(10) else {
            return false;
        };
        sum += match (index % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        };
    }
    sum % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::is_valid_siren;

    #[test]
    fn a_siren_has_nine_digits_and_a_right_check_digit() {
        assert!(is_valid_siren("732829320"));
        for wrong in ["732829321", "73282932", "7328293200", "73282932a", ""] {
            assert!(!is_valid_siren(wrong), "{wrong}");
        }
    }
}
