//! Refusals of input, gathered so that somebody who made three mistakes hears of all three.

use serde::Serialize;

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where it is in the body, as `steps[1].offsetDays`.
    pub field: String,
    /// Which rule it broke: stable, `snake_case`.
    pub code: &'static str,
    /// The rule in words.
    pub message: String,
}

/// Everything that is wrong with an input.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.summary())]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Nothing wrong so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One field's mistake alone.
    pub fn one(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        let mut errors = Self::new();
        errors.push(field, code, message);
        errors
    }

    /// Notes a mistake.
    pub fn push(&mut self, field: impl Into<String>, code: &'static str, message: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), code, message: message.into() });
    }

    /// Takes over the mistakes found in a part of the input, below that part's name.
    pub fn extend_below(&mut self, part: &str, errors: Self) {
        self.0.extend(errors.0.into_iter().map(|mut error| {
            error.field = if error.field.starts_with('[') {
                format!("{part}{}", error.field)
            } else {
                format!("{part}.{}", error.field)
            };
            error
        }));
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The mistakes, in the order in which they were found.
    #[must_use]
    pub fn as_slice(&self) -> &[FieldError] {
        &self.0
    }

    /// The mistakes, or the value that has none.
    ///
    /// # Errors
    /// Itself, when there is a mistake.
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

/// A text that has to be there: trimmed, not empty, at most this many characters, no control
/// characters but line breaks and tabs. A mistake is noted and gives the text as it came.
pub fn required_text(errors: &mut FieldErrors, field: &str, value: &str, max_chars: usize) -> String {
    let trimmed = value.trim();
    if trimmed.is_empty() {
        errors.push(field, "required", "must not be empty");
    }
    check_text(errors, field, trimmed, max_chars);
    trimmed.to_owned()
}

/// A text that may be missing; empty counts as missing.
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
    fn every_mistake_is_told_with_its_place_and_its_rule() {
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
    fn a_right_text_is_trimmed_and_kept() {
        let mut errors = FieldErrors::new();
        assert_eq!(required_text(&mut errors, "name", " Électricité Martin ", 19), "Électricité Martin");
        assert_eq!(optional_text(&mut errors, "phone", Some("   "), 5), None);
        assert!(errors.is_empty());
    }
}
