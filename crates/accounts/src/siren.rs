//! Validation of a SIREN.

use rubis_kernel::{FieldErrors, is_valid_siren};

/// Parses the nine digits of a SIREN, spaces ignored; an empty text counts as none. A mistake is recorded for the
/// field `siren` as `invalid_siren`.
pub fn optional_siren(errors: &mut FieldErrors, typed: Option<&str>) -> Option<String> {
    let digits: String = typed?.chars().filter(|character| !character.is_whitespace()).collect();
    if digits.is_empty() {
        return None;
    }
    if !is_valid_siren(&digits) {
        errors.push("siren", "invalid_siren", "must be the nine digits assigned by INSEE");
    }
    Some(digits)
}
