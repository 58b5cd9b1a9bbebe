//! The search for NUL characters, which PostgreSQL cannot store.

use std::fmt;

use serde_json::Value;

/// The path of a value in a body, as `steps[1].body`. It borrows the field names of the body, so it
/// allocates nothing until it is reported.
#[derive(Debug)]
pub(super) struct Place<'body> {
    /// Innermost first.
    steps: Vec<Step<'body>>,
}

#[derive(Debug)]
enum Step<'body> {
    Index(usize),
    Field(&'body str),
}

/// Returns the path of the first text or field name that holds a NUL character.
pub(super) fn find(body: &Value) -> Option<Place<'_>> {
    let mut steps = Vec::new();
    holds_nul(body, &mut steps).then_some(Place { steps })
}

/// Visits each value once. Steps are added only on the way back from a NUL character: adding them on the
/// way down made the cost quadratic (10 s for 1 MiB of zeros below a long name).
fn holds_nul<'body>(value: &'body Value, steps: &mut Vec<Step<'body>>) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().enumerate().any(|(index, item)| {
            let found = holds_nul(item, steps);
            if found {
                steps.push(Step::Index(index));
            }
            found
        }),
        Value::Object(fields) => fields.iter().any(|(name, field)| {
            let found = name.contains('\0') || holds_nul(field, steps);
            if found {
                steps.push(Step::Field(name));
            }
            found
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for step in self.steps.iter().rev() {
            match step {
                Step::Index(index) => write!(formatter, "[{index}]")?,
                Step::Field(name) => write!(formatter, "{separator}{}", name.replace('\0', "\u{fffd}"))?,
            }
            separator = ".";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Returns 1 MiB of JSON: as many zeros as fit below a name of half that size, then one more value.
    fn hostile(last: &str) -> Value {
        let mut items = vec![json!(0); 261_900];
        items.push(json!(last));
        json!({ "k".repeat(524_000): items })
    }

    #[test]
    fn a_body_of_many_values_below_a_long_name_is_searched_without_writing_a_place() {
        let body = hostile("x");
        let mut steps = Vec::new();
        assert!(!holds_nul(&body, &mut steps));
        assert_eq!(steps.capacity(), 0, "nothing was allocated for any of the values");

        let body = hostile("\0");
        assert!(holds_nul(&body, &mut steps));
        assert_eq!(steps.len(), 2, "one step for each level above the NUL character");
    }

    #[test]
    fn a_place_is_written_as_the_path_of_its_field() {
        let place = |body: &Value| find(body).map(|place| place.to_string());
        assert_eq!(place(&json!({ "a": [1, { "b": "\0" }] })).as_deref(), Some("a[1].b"));
        assert_eq!(place(&json!([[{ "a\0": 1 }]])).as_deref(), Some("[0][0].a\u{fffd}"));
        assert_eq!(place(&json!("\0")).as_deref(), Some(""));
        assert_eq!(place(&json!({ "a": [1, { "b": "c" }] })), None);
    }
}
