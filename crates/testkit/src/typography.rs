//! Checks the punctuation of the French texts that readers see.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

/// Templates of earlier releases are compared and never sent.
const SUPERSEDED: &str = "superseded";

/// Returns the places of a text with a straight apostrophe, or without a no-break space before `: ; ! ? € % »` or
/// after `«`.
#[must_use]
pub fn mistakes(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let at = |index: Option<usize>| index.and_then(|index| characters.get(index)).copied().unwrap_or('\n');
    let is_no_break = |character: char| matches!(character, '\u{a0}' | '\u{202f}');
    let mut found = Vec::new();
    for (index, character) in characters.iter().copied().enumerate() {
        let (before, after) = (at(index.checked_sub(1)), at(index.checked_add(1)));
        let is_wrong = match character {
            '\'' => before.is_alphabetic() && after.is_alphabetic(),
            // A colon inside a word is a time, an address or a scheme.
            ':' => !is_no_break(before) && after.is_whitespace(),
            ';' | '!' | '?' => {
                !is_no_break(before) && (after.is_whitespace() || before == ' ') && before != character
            }
            '€' | '%' | '»' => !is_no_break(before),
            '«' => !is_no_break(after),
            _ => false,
        };
        if is_wrong {
            let around = characters.iter().skip(index.saturating_sub(20)).take(32).collect::<String>();
            found.push(around);
        }
    }
    found
}

/// Returns the mistakes of all templates of the crates in this folder, with their files.
///
/// # Panics
/// A file cannot be read.
#[must_use]
pub fn mistakes_of_templates(crates: &str) -> Vec<String> {
    let mut files = Vec::new();
    collect(Path::new(crates), &mut files);
    assert!(files.len() > 30, "the templates are somewhere else: {files:?}");
    let mut found = Vec::new();
    for file in files {
        let source = fs::read_to_string(&file).expect("a template can be read");
        found.extend(mistakes(&visible(&source)).into_iter().map(|mistake| format!("{file}: {mistake}")));
    }
    found
}

fn collect(folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the folder can be read").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && name != SUPERSEDED && name != "target" {
            collect(&path, files);
        }
        let path = path.to_string_lossy().into_owned();
        if path.contains("/src/")
            && path.contains("/templates/")
            && (name.ends_with(".txt") || name.ends_with(".html"))
        {
            files.push(path);
        }
    }
}

/// Returns the words of a template: without markup, and with the texts in its tags.
fn visible(source: &str) -> String {
    let without_expressions = replaced(source, ("{{", "}}"), |inner| format!("x{}", literals(inner)));
    let without_statements = replaced(&without_expressions, ("{%", "%}"), literals);
    let without_comments = replaced(&without_statements, ("{#", "#}"), |_| String::new());
    replaced(&without_comments, ("<", ">"), |_| String::new())
}

/// Returns the text with everything between two marks replaced, including the marks.
fn replaced(source: &str, (open, close): (&str, &str), replacement: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once(open) {
        let Some((inner, following)) = after.split_once(close) else { break };
        text.push_str(before);
        text.push_str(&replacement(inner));
        rest = following;
    }
    text + rest
}

/// Returns the sentences in double quotes inside a tag. A single word is a name.
fn literals(tag: &str) -> String {
    tag.split('"').skip(1).step_by(2).filter(|literal| literal.contains(' ')).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_mistake_is_found() {
        for wrong in [
            "l'échéance",
            "Payer : ici",
            "Payer: ici",
            "Vraiment ?",
            "Vraiment?",
            "Merci !",
            "Un ; deux",
            "40 €",
            "40€",
            "12 %",
            "« Oui\u{a0}»",
            "«\u{a0}Oui »",
        ] {
            assert_eq!(mistakes(wrong).len(), 1, "{wrong}");
        }
        for right in [
            "l’échéance à 09:30",
            "Payer\u{a0}: https://a.fr/?a=1",
            "Vraiment\u{202f}?",
            "40\u{a0}€",
            "«\u{a0}Oui\u{a0}»",
        ] {
            assert_eq!(mistakes(right), [""; 0], "{right}");
        }
    }

    #[test]
    fn the_words_in_tags_are_seen_and_markup_is_not() {
        let source = "{# a : b #}{% block title %}Prêt ?{% endblock %}{{ button(url, \"C'est moi\") }}<p style=\"color: red\">";
        assert_eq!(mistakes(&visible(source)).len(), 2, "{}", visible(source));
    }
}
