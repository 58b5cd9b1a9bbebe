//! Formatting and normalization of dates and texts.

use time::{Date, Month};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Formats a date as in France: `3 mars 2026`, `1er janvier 2027`.
#[must_use]
pub fn format_date_french(date: Date) -> String {
    let month = match date.month() {
        Month::January => "janvier",
        Month::February => "février",
        Month::March => "mars",
        Month::April => "avril",
        Month::May => "mai",
        Month::June => "juin",
        Month::July => "juillet",
        Month::August => "août",
        Month::September => "septembre",
        Month::October => "octobre",
        Month::November => "novembre",
        Month::December => "décembre",
    };
    let ordinal = if date.day() == 1 { "er" } else { "" };
    format!("{}{ordinal} {month} {}", date.day(), date.year())
}

/// Normalizes a text for searches: lower case, without accents, single spaces.
#[must_use]
pub fn normalize_search(text: &str) -> String {
    let plain: String =
        text.nfkd().filter(|character| !is_combining_mark(*character)).collect::<String>().to_lowercase();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Replaces the special characters of HTML by entities.
#[must_use]
pub fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Returns the text on one line, as a subject and a fact require. No-break spaces stay, because amounts contain them.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split(|character: char| character.is_control() || character == ' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the text on one line of at most this many characters, the last an ellipsis if it was longer.
#[must_use]
pub fn shortened(text: &str, max_chars: usize) -> String {
    let line = one_line(text);
    if line.chars().count() <= max_chars {
        return line;
    }
    let kept: String = line.chars().take(max_chars.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn dates_are_written_the_french_way() {
        assert_eq!(format_date_french(date!(2026 - 03 - 03)), "3 mars 2026");
        assert_eq!(format_date_french(date!(2027 - 01 - 01)), "1er janvier 2027");
        assert_eq!(format_date_french(date!(2026 - 08 - 31)), "31 août 2026");
    }

    #[test]
    fn a_search_ignores_case_accents_and_double_spaces() {
        assert_eq!(normalize_search("  Électricité   GÉNÉRALE n° 12 "), "electricite generale n° 12");
    }

    #[test]
    fn html_shows_a_text_as_it_was_written() {
        assert_eq!(escape_html("<b>\"A&B\"</b>'"), "&lt;b&gt;&quot;A&amp;B&quot;&lt;/b&gt;&#39;");
    }

    #[test]
    fn a_line_has_no_breaks() {
        assert_eq!(one_line(" a\r\nb\u{a0}c \0"), "a b\u{a0}c");
    }

    #[test]
    fn a_long_line_ends_in_an_ellipsis_and_a_short_one_stays() {
        assert_eq!(shortened("Boulangerie\nMartin", 18), "Boulangerie Martin");
        assert_eq!(shortened("Boulangerie Martin", 13), "Boulangerie…");
    }
}
