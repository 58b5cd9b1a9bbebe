//! Mistakes in an input, collected so that a client who made three gets all three in one response.

use serde::Serialize;

use crate::{EmailAddress, invisible::has_invisible};

/// Maximum number of recorded mistakes: a hostile body can contain one per value, and the response repeats each.
const MAX_ERRORS: usize = 50;
/// Maximum length of a recorded field name, which the sender may have invented.
const MAX_FIELD_CHARS: usize = 200;
/// Maximum length of a recorded message, which may quote the input.
const MAX_MESSAGE_CHARS: usize = 500;

/// A mistake in one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Path in the body, such as `steps[1].offsetDays`.
    pub field: String,
    /// Code of the broken rule: stable, `snake_case`.
    pub code: &'static str,
    /// The rule in words.
    pub message: String,
}

/// All mistakes in an input.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.summary())]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Creates an empty list of mistakes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a list with one mistake.
    pub fn one(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        let mut errors = Self::new();
        errors.push(field, code, message);
        errors
    }

    /// Adds a mistake, unless there are 50 already. Field and message are cut to 200 and 500 characters.
    pub fn push(&mut self, field: impl Into<String>, code: &'static str, message: impl Into<String>) {
        if self.0.len() < MAX_ERRORS {
            let field = shortened(field.into(), MAX_FIELD_CHARS);
            let message = shortened(message.into(), MAX_MESSAGE_CHARS);
            self.0.push(FieldError { field, code, message });
        }
    }

    /// Adds the mistakes found in a part of the input, below that part's name.
    pub fn extend_below(&mut self, part: &str, errors: Self) {
        for error in errors.0 {
            let separator = if error.field.starts_with('[') { "" } else { "." };
            self.push(format!("{part}{separator}{}", error.field), error.code, error.message);
        }
    }

    /// Reports whether there is no mistake.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the mistakes, in the order in which they were found.
    #[must_use]
    pub fn as_slice(&self) -> &[FieldError] {
        &self.0
    }

    /// Returns the value if there is no mistake.
    ///
    /// # Errors
    /// Itself, if there is a mistake.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    fn summary(&self) -> String {
        self.0
            .iter()
            .map(|error| format!("{}: {}", error.field, error.message))
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// Returns the text, cut with an ellipsis if it has more than `max_chars` characters.
fn shortened(mut text: String, max_chars: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(max_chars) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Parses a required text: trimmed, not empty, at most this many characters, no control characters except line breaks
/// and tabs. If a mistake is recorded, the text is returned unchanged.
pub fn required_text(errors: &mut FieldErrors, field: &str, value: &str, max_chars: usize) -> String {
    let trimmed = value.trim();
    if trimmed.is_empty() {
        errors.push(field, "required", "must not be empty");
    }
    check_text(errors, field, trimmed, max_chars);
    trimmed.to_owned()
}

/// Parses an optional text; empty counts as missing.
pub fn optional_text(
    errors: &mut FieldErrors,
    field: &str,
    value: Option<&str>,
    max_chars: usize,
) -> Option<String> {
    let trimmed = value.map(str::trim).filter(|text| !text.is_empty())?;
    check_text(errors, field, trimmed, max_chars);
    Some(trimmed.to_owned())
}

/// Like [`required_text`], but on a single line, without invisible characters: for names, numbers and subjects, which
/// are used in mail headers and in lists.
pub fn required_line(errors: &mut FieldErrors, field: &str, value: &str, max_chars: usize) -> String {
    let text = required_text(errors, field, value, max_chars);
    check_line(errors, field, &text);
    text
}

/// Like [`optional_text`], but on a single line, without invisible characters.
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

/// Parses the address of one mailbox. A list of addresses, as from another program's field, gets a separate code.
pub fn mail_address(errors: &mut FieldErrors, field: &str, text: &str) -> Option<EmailAddress> {
    let parsed = text.parse::<EmailAddress>().ok().filter(|address| address.on_the_wire().is_some());
    if parsed.is_none() {
        if holds_several_addresses(text) {
            let rule =
                "must be a single mail address; add the others as contacts of the client, who get copies";
            errors.push(field, "several_addresses", rule);
        } else {
            errors.push(field, "invalid_email", "must be a mail address");
        }
    }
    parsed
}

fn holds_several_addresses(text: &str) -> bool {
    !text.contains(char::is_control)
        && text
            .split(|character: char| character.is_whitespace() || ";,/|<>".contains(character))
            .filter(|part| part.contains('@') && part.parse::<EmailAddress>().is_ok())
            .nth(1)
            .is_some()
}

fn check_line(errors: &mut FieldErrors, field: &str, text: &str) {
    if text.contains(['\n', '\r', '\t']) {
        errors.push(field, "control_character", "must be a single line");
    }
    if has_invisible(text) {
        errors.push(
            field,
            "invisible_character",
            "must not contain invisible characters or characters that change the direction of the text",
        );
    }
}

fn check_text(errors: &mut FieldErrors, field: &str, text: &str, max_chars: usize) {
    if text.chars().count() > max_chars {
        errors.push(field, "too_long", format!("must have at most {max_chars} characters"));
    }
    if text.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t')) {
        errors.push(field, "control_character", "must not contain control characters");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_reported_with_its_place_and_its_rule() {
        let mut step = FieldErrors::new();
        required_text(&mut step, "subject", "  ", 200);
        required_text(&mut step, "body", "a\0b", 2);
        let mut steps = FieldErrors::new();
        steps.extend_below("[1]", step);
        let mut errors = FieldErrors::new();
        errors.extend_below("steps", steps);
        let found: Vec<_> =
            errors.as_slice().iter().map(|error| (error.field.as_str(), error.code)).collect();
        assert_eq!(
            found,
            [
                ("steps[1].subject", "required"),
                ("steps[1].body", "too_long"),
                ("steps[1].body", "control_character")
            ]
        );
    }

    #[test]
    fn a_hostile_input_gets_a_bounded_list_of_short_mistakes() {
        let mut errors = FieldErrors::new();
        for index in 0..100 {
            let mut one = FieldErrors::new();
            one.push("é".repeat(100_000), "unknown_value", "x".repeat(100_000));
            errors.extend_below(&format!("items[{index}]"), one);
        }
        assert_eq!(errors.as_slice().len(), 50);
        for error in errors.as_slice() {
            assert_eq!((error.field.chars().count(), error.message.chars().count()), (201, 501));
            assert!(error.field.starts_with("items[") && error.field.ends_with('…'));
        }
        let few = FieldErrors::one("name", "required", "must not be empty");
        assert_eq!(
            (few.as_slice()[0].field.as_str(), few.as_slice()[0].message.as_str()),
            ("name", "must not be empty")
        );
    }

    #[test]
    fn a_right_text_is_trimmed_and_kept() {
        let mut errors = FieldErrors::new();
        assert_eq!(required_text(&mut errors, "name", " Électricité Martin ", 19), "Électricité Martin");
        assert_eq!(optional_text(&mut errors, "phone", Some("   "), 5), None);
        assert!(errors.is_empty());
    }

    #[test]
    fn a_list_of_addresses_is_refused_with_a_hint_at_contacts() {
        let code = |text: &str| {
            let mut errors = FieldErrors::new();
            let address = mail_address(&mut errors, "email", text);
            assert_eq!(address.is_none(), !errors.is_empty());
            errors.as_slice().first().map(|error| error.code)
        };
        for several in [
            "a@exemple.fr; b@exemple.fr",
            "a@exemple.fr;b@exemple.fr",
            "a@exemple.fr, b@exemple.fr",
            "a@exemple.fr b@exemple.fr",
            "a@exemple.fr / b@exemple.fr",
            "Anne <a@exemple.fr>; Bruno <b@exemple.fr>",
        ] {
            assert_eq!(code(several), Some("several_addresses"), "{several}");
        }
        for wrong in ["", "personne", "a@exemple.fr;", "a@exemple.fr; b", "a@xn--0.example"] {
            assert_eq!(code(wrong), Some("invalid_email"), "{wrong}");
        }
        assert_eq!(code(" Anne@exemple.fr "), None);
        assert_eq!(code("anne@société.example"), None);
    }

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

    #[test]
    fn a_name_has_no_invisible_characters_and_a_longer_text_may() {
        let mut errors = FieldErrors::new();
        required_line(&mut errors, "name", "Martin\u{202e}rf", 30);
        optional_line(&mut errors, "phone", Some("01\u{200b}02"), 30);
        let found: Vec<_> =
            errors.as_slice().iter().map(|error| (error.field.as_str(), error.code)).collect();
        assert_eq!(found, [("name", "invisible_character"), ("phone", "invisible_character")]);
        let mut errors = FieldErrors::new();
        required_text(&mut errors, "body", "Bonjour\u{200f}", 30);
        required_line(&mut errors, "name", "L’Étoile\u{202f}: œuvres & Cie n°\u{a0}2", 50);
        assert!(errors.is_empty());
    }
}
