//! Free text search: the content of `search_text`, and the patterns built from a query.
//!
//! A search text is normalised, starts with a space, and has a space before each word, so that the beginning of a word
//! can be searched for: strings shorter than three characters have no trigram inside a word, so an index finds them
//! only at its beginning.

use rubis_kernel::normalize_search;

/// Maximum number of characters of a query that are used.
const MAX_CHARS: usize = 200;
const MAX_WORDS: usize = 8;

/// Words of a query, all of which have to occur.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchTerms(Vec<String>);

impl SearchTerms {
    /// Parses a query; `None` if it contains neither a letter nor a digit. A word of one or two letters is matched at
    /// the beginning of words, a longer one anywhere.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let typed: String = typed.chars().filter(|character| *character != '\0').take(MAX_CHARS).collect();
        let patterns: Vec<String> =
            normalize_search(&typed).split(' ').filter_map(pattern).take(MAX_WORDS).collect();
        (!patterns.is_empty()).then_some(Self(patterns))
    }

    /// Returns one `LIKE` pattern for each word.
    pub(crate) fn patterns(&self) -> &[String] {
        &self.0
    }

    /// Returns strings that occur literally in every text matched by the patterns: the words of the query, with a
    /// space before those that begin a word.
    pub(crate) fn literals(&self) -> Vec<String> {
        self.0.iter().map(|pattern| literal(pattern)).collect()
    }

    /// Reports whether a word looks like the number of an invoice: it has three digits besides those of a year.
    pub(crate) fn has_number(&self) -> bool {
        self.0.iter().any(|pattern| digits_beside_year(pattern) >= 3)
    }
}

/// Returns the pattern without its wildcards and escapes.
fn literal(pattern: &str) -> String {
    let inner = pattern.strip_prefix('%').unwrap_or(pattern);
    let mut characters = inner.strip_suffix('%').unwrap_or(inner).chars();
    let mut literal = String::with_capacity(inner.len());
    while let Some(character) = characters.next() {
        // The character after a backslash is literal.
        literal.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    literal
}

/// Counts the digits, except the first four that could be a year of this century.
fn digits_beside_year(pattern: &str) -> usize {
    let digits = pattern.bytes().filter(u8::is_ascii_digit).count();
    let is_year = |four: &[u8]| four.starts_with(b"20") && four.iter().all(u8::is_ascii_digit);
    let has_year = pattern.as_bytes().windows(4).any(is_year);
    if has_year { digits.saturating_sub(4) } else { digits }
}

/// Returns the pattern of a word; `None` if it has neither a letter nor a digit, since no index covers those.
fn pattern(word: &str) -> Option<String> {
    let longest_run =
        word.split(|character: char| !character.is_alphanumeric()).map(|run| run.chars().count()).max()?;
    let escaped = word.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    match longest_run {
        0 => None,
        1 | 2 => Some(format!("% {escaped}%")),
        _ => Some(format!("%{escaped}%")),
    }
}

/// Returns the search text of a client.
pub(crate) fn text_of_client(parts: &[&str]) -> String {
    format!(" {}", normalize_search(&parts.join(" ")))
}

/// Returns the search text of an invoice: its number on the first line, its client on the second, so that either can
/// be rewritten without the other.
pub(crate) fn text_of_invoice(numero: &str, client_name: &str) -> String {
    format!("{}\n{}", numero_line(numero), client_line(client_name))
}

/// Returns the first line of [`text_of_invoice`].
pub(crate) fn numero_line(numero: &str) -> String {
    format!(" {}", normalize_search(numero))
}

/// Returns the second line of [`text_of_invoice`].
pub(crate) fn client_line(client_name: &str) -> String {
    format!(" {}", normalize_search(client_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(typed: &str) -> Vec<String> {
        SearchTerms::parse(typed).map(|terms| terms.0).unwrap_or_default()
    }

    #[test]
    fn every_word_is_looked_for_without_case_and_accents() {
        assert_eq!(patterns(" Électricité  2026-001 "), ["%electricite%", "%2026-001%"]);
    }

    #[test]
    fn a_short_word_is_looked_for_at_the_beginning_of_words() {
        assert_eq!(patterns("F 12 f-12"), ["% f%", "% 12%", "% f-12%"]);
    }

    #[test]
    fn the_signs_of_a_pattern_mean_themselves() {
        assert_eq!(patterns(r"100% a_bc \def"), [r"%100\%%", r"% a\_bc%", r"%\\def%"]);
    }

    #[test]
    fn the_literal_of_a_pattern_is_what_was_typed() {
        let literals =
            |typed: &str| SearchTerms::parse(typed).map(|terms| terms.literals()).unwrap_or_default();
        assert_eq!(literals(r"100% a_bc \def"), ["100%", " a_bc", r"\def"]);
        assert_eq!(literals("F 2026-001 é%"), [" f", "2026-001", " e%"]);
        assert_eq!(literals(r"%% ab\\"), [r" ab\\"]);
    }

    #[test]
    fn a_number_has_digits_beside_its_year() {
        let has_number = |typed| SearchTerms::parse(typed).is_some_and(|terms| terms.has_number());
        for number in ["F2026-004242", "2026-001", "1234", "FA-042", "petit 2026/123", "20260012"] {
            assert!(has_number(number), "{number}");
        }
        for other in ["2026", "F2026-0", "2026-03", "boulangerie", "12", "petit 2026", "f-12"] {
            assert!(!has_number(other), "{other}");
        }
    }

    #[test]
    fn a_search_without_letters_and_digits_is_no_search() {
        for typed in ["", "  ", "%", "__", "-- %", "\0"] {
            assert_eq!(SearchTerms::parse(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn a_search_is_bounded() {
        assert_eq!(patterns(&"mot ".repeat(100)).len(), MAX_WORDS);
        assert_eq!(patterns(&"x".repeat(1000)), [format!("%{}%", "x".repeat(MAX_CHARS))]);
        assert_eq!(patterns("du\0pont"), ["%dupont%"]);
    }
}
