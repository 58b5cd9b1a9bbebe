//! Intra-community VAT numbers.

use rubis_kernel::{FieldErrors, is_valid_siren};

/// Parses a VAT number: removes spaces, points and dashes and converts it to upper case; an empty one counts as none.
/// A mistake is recorded for `vatNumber` as `invalid_vat_number`.
pub(crate) fn optional_vat_number(errors: &mut FieldErrors, typed: Option<&str>) -> Option<String> {
    let number: String = typed?
        .chars()
        .filter(|character| !character.is_whitespace() && !matches!(character, '.' | '-'))
        .map(|character| character.to_ascii_uppercase())
        .collect();
    if number.is_empty() {
        return None;
    }
    if !is_vat_number(&number) {
        errors.push("vatNumber", "invalid_vat_number", "must be a VAT number, such as FR44732829320");
    }
    Some(number)
}

/// Checks a French number to its last digit; of other numbers only the shape that they share.
fn is_vat_number(number: &str) -> bool {
    let Some((country, rest)) = number.split_at_checked(2) else {
        return false;
    };
    if !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return false;
    }
    if country == "FR" {
        return is_french(rest);
    }
    (2..=13).contains(&rest.len())
        && rest.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && rest.bytes().any(|byte| byte.is_ascii_digit())
}

/// Checks a French number: two characters of key, then the company's SIREN. A numeric key is computed from the SIREN.
fn is_french(rest: &str) -> bool {
    let Some((key, siren)) = rest.split_at_checked(2) else {
        return false;
    };
    if !is_valid_siren(siren) {
        return false;
    }
    match (key.parse::<u64>(), siren.parse::<u64>()) {
        (Ok(key), Ok(siren)) => key == (12 + 3 * (siren % 97)) % 97,
        // Newer keys have a letter: any except the two that look like digits.
        _ => key
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (byte.is_ascii_uppercase() && !matches!(byte, b'I' | b'O'))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(typed: &str) -> Result<Option<String>, FieldErrors> {
        let mut errors = FieldErrors::new();
        let number = optional_vat_number(&mut errors, Some(typed));
        errors.into_result(number)
    }

    #[test]
    fn a_french_number_holds_its_siren_and_a_key() {
        assert_eq!(parsed("fr 44 732 829 320").unwrap().as_deref(), Some("FR44732829320"));
        assert!(parsed("FRK7732829320").is_ok());
        for wrong in
            ["FR45732829320", "FR44732829321", "FR4473282932", "FRO7732829320", "FR", "FR+4732829320"]
        {
            assert_eq!(parsed(wrong).unwrap_err().as_slice()[0].code, "invalid_vat_number", "{wrong}");
        }
    }

    #[test]
    fn another_countrys_number_has_the_general_shape() {
        for right in ["DE123456789", "BE 0123.456.789", "ATU12345678", "NL123456789B01"] {
            assert!(parsed(right).is_ok(), "{right}");
        }
        for wrong in ["12", "D", "DEABCDEFGH", "DE1", "DE12345678901234", "é1234", "DE1234é67"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parsed(" "), Ok(None));
    }
}
