//! Passwords that attackers guess first.
//!
//! The list holds passwords of five or more characters, in lower case and sorted. Most of them are shorter than a
//! password may be, so that the list alone would refuse little: people lengthen them with a year, a number or an
//! exclamation mark, or write them twice. Those variants are refused as well.

use std::sync::LazyLock;

static LIST: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords/list.txt").lines().collect());

/// Number of characters around a common password that do not make it a good one: four digits and a punctuation mark.
const DECORATION: usize = 5;
/// Maximum length of a text of which all repetitions are refused.
const SHORT_UNIT: usize = 4;

/// Reports whether a password is one of the common ones, in any case, with a few digits or punctuation marks around
/// it, or repeated.
pub(crate) fn is_common(password: &str) -> bool {
    let folded = password.trim().to_lowercase();
    let unit = repeated_unit(&folded);
    let is_short_unit = unit.len() < folded.len() && unit.chars().count() <= SHORT_UNIT;
    is_short_unit || is_listed(&folded) || is_listed(unit) || is_listed(undecorated(&folded))
}

fn is_listed(folded: &str) -> bool {
    LIST.binary_search(&folded).is_ok()
}

/// Returns the shortest text whose repetition is the whole text.
fn repeated_unit(text: &str) -> &str {
    let starts = text.char_indices().map(|(at, _)| at).filter(|at| *at > 0 && text.len().is_multiple_of(*at));
    starts
        .filter_map(|at| text.get(..at))
        .find(|unit| text.as_bytes().chunks(unit.len()).all(|chunk| chunk == unit.as_bytes()))
        .unwrap_or(text)
}

/// Returns the text without the digits and punctuation marks around it, if those are few.
fn undecorated(text: &str) -> &str {
    let core = text.trim_matches(|letter: char| !letter.is_alphabetic());
    if text.chars().count() - core.chars().count() <= DECORATION { core } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_long_sorted_and_in_lower_case() {
        assert!(LIST.len() >= 10_000, "{}", LIST.len());
        assert!(LIST.is_sorted_by(|one, next| one < next));
        assert!(LIST.iter().all(|entry| *entry == entry.to_lowercase() && entry.trim() == *entry));
        assert!(LIST.iter().all(|entry| entry.chars().count() >= 5), "a core that short is no password");
    }

    #[test]
    fn a_common_password_is_found_however_it_is_dressed_up() {
        for common in [
            "qwertyuiop",
            "AzertyUiop",
            "1234567890",
            " motdepasse ",
            "Password2026!",
            "!Bonjour2026",
            "soleilsoleil",
            "PasswordPassword",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
        ] {
            assert!(is_common(common), "{common}");
        }
    }

    #[test]
    fn a_phrase_of_several_words_is_not_common() {
        for good in [
            "correct horse battery staple",
            "chene-massif-2026",
            "soleil et 4 pluies d'automne",
            "81402#soleil",
            "é",
            "",
        ] {
            assert!(!is_common(good), "{good}");
        }
    }
}
