//! Labels of metrics come from bounded sets: a label made of a text that was put together at run time is refused.

use std::path::Path;

use anyhow::Result;

use super::sources::{self, Source, accept};

/// Programs for development record nothing.
const EXEMPT: [&str; 6] = ["bench", "chaos", "devkit", "inbox", "testkit", "xtask"];

const MACROS: [&str; 3] = ["counter!(", "gauge!(", "histogram!("];

/// Calls that make a text at run time. A label is a literal, the `as_str()` of an enum, or a `&'static str`.
const UNBOUNDED: [&str; 7] =
    ["format!", ".to_string()", ".to_owned()", ".into()", ".clone()", "String", "&labels"];

/// The labels that are bounded by something else, each with its reason.
const EXCEPTIONS: [(&str, &str); 1] = [
    // Routes are the patterns that the server registers, statuses the numbers of HTTP; a test sends invented ones
    // (`nothing_that_a_client_invents_becomes_a_label`).
    ("crates/api/src/middleware/telemetry.rs", ".clone()"),
];

pub fn check() -> Result<()> {
    let mut problems = Vec::new();
    for Source { path, text, .. } in sources::code(&EXEMPT)? {
        problems.extend(problems_of(&path, &text));
    }
    accept(&problems, "crates/xtask/src/lint/metric_labels.rs")
}

fn problems_of(file: &Path, text: &str) -> Vec<String> {
    recordings(text)
        .into_iter()
        .flat_map(|arguments| UNBOUNDED.iter().filter(move |mark| arguments.contains(**mark)))
        .filter(|mark| !EXCEPTIONS.iter().any(|(path, allowed)| file == Path::new(path) && allowed == *mark))
        .map(|mark| format!("{}: a label of a metric is made with `{mark}`", file.display()))
        .collect()
}

/// The arguments of each macro that records something.
fn recordings(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for name in MACROS {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(name) {
            // `describe_counter!` has no labels.
            if !before.ends_with('_') {
                found.push(up_to_closing(after));
            }
            rest = after;
        }
    }
    found
}

/// The text before the parenthesis that closes the one before it.
fn up_to_closing(text: &str) -> &str {
    let mut depth = 1_u32;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return text.get(..at).unwrap_or(text);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(line: &str) -> usize {
        problems_of(Path::new("crates/x/src/a.rs"), line).len()
    }

    #[test]
    fn a_label_is_a_literal_or_the_name_of_an_enum() {
        assert_eq!(problems("counter!(\"a_total\", \"queue\" => queue.as_str()).increment(1);"), 0);
        assert_eq!(problems("histogram!(NAME, \"kind\" => \"relance\").record(kind.to_string().len());"), 0);
        assert_eq!(problems("describe_counter!(NAME, format!(\"{x}\"));"), 0);
    }

    #[test]
    fn a_label_made_at_run_time_is_refused() {
        assert_eq!(problems("counter!(\"a_total\", \"method\" => request.method().to_string())"), 1);
        assert_eq!(problems("gauge!(\"a\", \"host\" => host(a, b).clone(),\n\"b\" => \"c\").set(1)"), 1);
        assert_eq!(problems("counter!(NAME, &labels).increment(1)"), 1);
    }

    #[test]
    fn an_exception_is_of_one_file_and_one_kind() {
        let line = "counter!(NAME, \"route\" => route.clone(), \"method\" => method.to_string())";
        let path = Path::new("crates/api/src/middleware/telemetry.rs");
        assert_eq!(problems_of(path, line).len(), 1);
    }
}
