//! Comments in plain English: few openings without a head and few words to avoid, per 1,000 comment lines.

use anyhow::Result;

use super::sources::{self, Source, accept};

/// First words of a comment that names neither a thing nor an action.
const HEADLESS: [&str; 10] =
    ["What", "Who", "Whom", "Whose", "Where", "Whether", "How", "Why", "Which", "When"];
const TELL: [&str; 4] = ["tell", "tells", "telling", "told"];
const PRONOUNS: [&str; 5] = ["somebody", "nobody", "anybody", "everybody", "whoever"];

/// Names that have a standard term; see the terms of `docs/contributing.md`.
const NAMES: [&str; 12] = [
    "keep_house",
    "tell_feed",
    "says_what_is_so",
    "still_so",
    "record_until_it_is",
    "on_dead",
    "Segment",
    "Courier",
    "courier",
    "Dialect",
    "dialect",
    "Tap",
];

/// A rule, how many breaches of it are accepted per 1,000 comment lines, and those that were found.
struct Rule {
    name: &'static str,
    per_thousand: usize,
    found: Vec<String>,
}

pub fn check() -> Result<()> {
    let (lines, rules) = read(&sources::all()?);
    let broken = rules.iter().filter(|rule| rule.found.len() * 1_000 > rule.per_thousand * lines);
    let problems: Vec<String> = broken
        .map(|Rule { name, per_thousand, found }| {
            let (places, count) = (found.join("\n"), found.len());
            format!(
                "{places}\n{name}: {count} in {lines} comment lines, {per_thousand} per 1,000 are accepted"
            )
        })
        .collect();
    accept(&problems, "docs/contributing.md#how-the-code-reads")
}

fn read(sources: &[Source]) -> (usize, [Rule; 4]) {
    let rule = |name, per_thousand| Rule { name, per_thousand, found: Vec::new() };
    let mut rules = [
        rule("headless opening", 20),
        rule("\"tell\" in a comment", 3),
        rule("\"somebody\" or \"nobody\" in a comment", 2),
        rule("name that has a standard term", 0),
    ];
    let [headless, tell, pronouns, names] = &mut rules;
    let mut comment_lines = 0_usize;
    // This file lists the words.
    for Source { path, text, .. } in sources.iter().filter(|source| !source.path.ends_with("lint/prose.rs")) {
        let mut continues = false;
        for (number, line) in (1_usize..).zip(text.lines()) {
            let find = |rule: &mut Rule, is_broken: bool| {
                rule.found.extend(is_broken.then(|| format!("{}:{number}: {}", path.display(), line.trim())));
            };
            let Some(comment) = line.trim_start().strip_prefix("//") else {
                continues = false;
                find(names, words(line).any(|word| NAMES.contains(&word)));
                continue;
            };
            let comment = comment.trim_start_matches(['/', '!']).trim();
            comment_lines = comment_lines.saturating_add(1);
            let opening = words(comment).next().unwrap_or_default();
            let has = |avoided: &[&str]| words(comment).any(|word| avoided.contains(&&*word.to_lowercase()));
            find(headless, !continues && HEADLESS.contains(&opening));
            find(tell, has(&TELL));
            find(pronouns, has(&PRONOUNS));
            continues = !comment.is_empty();
        }
    }
    (comment_lines, rules)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> [usize; 4] {
        let source = Source { krate: "x".to_owned(), path: "x.rs".into(), text: text.to_owned() };
        read(&[source]).1.map(|rule| rule.found.len())
    }

    #[test]
    fn a_comment_opens_with_a_noun_phrase_or_a_verb() {
        for headless in
            ["/// Whether it is open.", "    // What is due.", "//! Where it is.", "/// Who asks\n/// now"]
        {
            assert_eq!(found(headless), [1, 0, 0, 0], "{headless}");
        }
        for plain in [
            "/// Returns whether it is open.",
            "/// The text,\n/// What it says",
            "let What = 1;",
            "/// Whatever",
        ] {
            assert_eq!(found(plain), [0; 4], "{plain}");
        }
    }

    #[test]
    fn words_to_avoid_are_counted_in_comments_and_names_in_code() {
        assert_eq!(found("// It was Told so, and nobody knows."), [0, 1, 1, 0]);
        assert_eq!(found("let told = \"nobody\";"), [0; 4]);
        assert_eq!(found("fn keep_house() {}"), [0, 0, 0, 1]);
    }
}
