//! Parsers of values; `None` means that the key does not take this value.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use url::{Origin, Url};

pub(super) fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

pub(super) fn text(text: &str) -> Option<String> {
    let is_plain = !text.is_empty() && !text.chars().any(char::is_control);
    is_plain.then(|| text.to_owned())
}

pub(super) fn secret(text: &str) -> Option<SecretString> {
    Some(text.into())
}

/// Parses a port that can be listened on or connected to.
pub(super) fn port(text: &str) -> Option<u16> {
    parsed(text).filter(|port| *port != 0)
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Parses a whole number within bounds.
pub(super) fn within<T: FromStr + PartialOrd>(bounds: RangeInclusive<T>) -> impl FnOnce(&str) -> Option<T> {
    move |text| parsed(text).filter(|number| bounds.contains(number))
}

/// Parses seconds within bounds.
pub(super) fn seconds(bounds: RangeInclusive<u64>) -> impl FnOnce(&str) -> Option<Duration> {
    move |text| within(bounds)(text).map(Duration::from_secs)
}

/// Parses a number of which zero means "no limit".
pub(super) fn limit(text: &str) -> Option<Option<NonZeroU32>> {
    parsed(text).map(NonZeroU32::new)
}

/// Parses an `http` or `https` address to which paths can be appended.
pub(super) fn web_url(text: &str) -> Option<Url> {
    let url: Url = parsed(text)?;
    let fits = matches!(url.scheme(), "http" | "https")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    fits.then_some(url)
}

/// Parses an origin as browsers send it: scheme, host and port, nothing after.
pub(super) fn origin(text: &str) -> Option<String> {
    let url = web_url(text)?;
    let origin = url.origin();
    let is_alone = matches!(origin, Origin::Tuple(..)) && url.path() == "/";
    is_alone.then(|| origin.ascii_serialization())
}

/// Escapes text for the user or password of an address, in which `%41` would be read as an `A`.
pub(super) fn literal(text: &str) -> String {
    text.replace('%', "%25")
}

/// Parses a comma-separated list; spaces around an item are ignored, empty items are refused.
pub(super) fn list<T>(text: &str, item: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(|one| item(one.trim())).collect()
}

/// Parses a word of lower-case letters, digits, `-` and `_`.
pub(super) fn word(text: &str) -> Option<String> {
    let is_word = !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
    is_word.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_browsers_send() {
        assert_eq!(origin("https://App.Rubis.example/").as_deref(), Some("https://app.rubis.example"));
        assert_eq!(origin("http://localhost:5173").as_deref(), Some("http://localhost:5173"));
        for wrong in
            ["*", "app.rubis.example", "https://x.fr/path", "https://x.fr?q", "ftp://x.fr", "file:///"]
        {
            assert_eq!(origin(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lists_have_no_holes() {
        assert_eq!(list("a, b", word), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(list("a,,b", word), None);
        assert_eq!(list("", word), None);
    }

    #[test]
    fn bounds_are_kept() {
        assert_eq!(within(1..=10_u32)("10"), Some(10));
        for wrong in ["0", "11", "-1", "1.5", "ten", ""] {
            assert_eq!(within(1..=10_u32)(wrong), None, "{wrong:?}");
        }
        assert_eq!(port("0"), None);
        assert_eq!(port("65536"), None);
        assert_eq!(limit("0"), Some(None));
        assert_eq!(boolean("yes"), None);
    }
}
