//! Texts of a single line, such as names: they end up in mail headers and in lists.

use rubis_kernel::{FieldErrors, optional_text, required_text};

/// [`required_text`] without line breaks and tabs.
pub fn required_line(errors: &mut FieldErrors, field: &str, value: &str, max_chars: usize) -> String {
    let text = required_text(errors, field, value, max_chars);
    check_line(errors, field, &text);
    text
}

/// [`optional_text`] without line breaks and tabs.
pub fn optional_line(
    errors: &mut FieldErrors,
    field: &str,
    value: Option<&str>,
    max_chars: usize,
) -> Option<String> {
    let text = optional_text(errors, field, value, max_chars)?;
    check_line(errors, field, &text);
    Some(text)
}

fn check_line(errors: &mut FieldErrors, field: &str, text: &str) {
    if text.contains(['\n', '\r', '\t']) {
        errors.push(field, "control_character", "must be a single line");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_single_line() {
        let mut errors = FieldErrors::new();
        assert_eq!(required_line(&mut errors, "name", " Menuiserie Martin\n", 30), "Menuiserie Martin");
        assert!(errors.is_empty());
        required_line(&mut errors, "name", "Martin\r\nBcc: tous@exemple.fr", 30);
        optional_line(&mut errors, "phone", Some("01\t02"), 30);
        let codes: Vec<&str> = errors.as_slice().iter().map(|error| error.code).collect();
        assert_eq!(codes, ["control_character", "control_character"]);
    }
}
