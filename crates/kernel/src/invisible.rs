//! Characters that are invisible, or that change the order in which others are shown.

/// Reports whether a text has such a character. Two names that differ only by one look the same, and a right-to-left
/// override shows a text backwards. Joiners and variation selectors are allowed after characters that use them, such
/// as emoji and the letters of Persian and Hindi; letters of right-to-left scripts need no mark.
#[must_use]
pub fn has_invisible(text: &str) -> bool {
    let mut previous = None;
    text.chars().any(|character| {
        let is_joined = is_joiner(character) && previous.is_some_and(takes_joiners);
        previous = Some(character);
        !is_joined && (is_joiner(character) || is_invisible(character))
    })
}

/// Returns the text without such characters.
#[must_use]
pub fn without_invisible(text: &str) -> String {
    text.chars().filter(|character| !is_joiner(*character) && !is_invisible(*character)).collect()
}

/// Reports whether a text has no visible character.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    without_invisible(text).chars().all(|character| character.is_whitespace() || character.is_control())
}

/// Reports whether a character is a zero-width joiner or a variation selector.
const fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// Reports whether a character can be joined to the next: neither Latin, Greek nor Cyrillic, nor punctuation.
const fn takes_joiners(character: char) -> bool {
    matches!(
        character,
        '\u{600}'..='\u{1cff}' | '\u{203c}' | '\u{2049}' | '\u{2100}'..='\u{2bff}' | '\u{3030}'..='\u{a63f}'
            | '\u{a8e0}'..='\u{d7ff}' | '\u{fe0f}' | '\u{10000}'..='\u{1faff}'
    ) && !is_invisible(character)
}

const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        // Soft hyphen, grapheme joiner, Arabic letter mark.
        '\u{ad}' | '\u{34f}' | '\u{61c}'
        // Fillers of Hangul, Khmer and Mongolian.
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{ffa0}'
        // An empty Braille cell.
        | '\u{2800}'
        // Zero-width space, direction marks.
        | '\u{200b}' | '\u{200e}' | '\u{200f}'
        // Line and paragraph separators, embeddings and overrides of direction.
        | '\u{2028}'..='\u{202e}'
        // Word joiner, invisible operators, isolates, deprecated marks.
        | '\u{2060}'..='\u{206f}'
        // Byte order mark, annotations, shorthand and musical marks.
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        // Tags and the variation selectors behind them.
        | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::{has_invisible, is_blank, without_invisible};

    #[test]
    fn a_text_of_which_nothing_is_seen_is_blank() {
        for blank in ["", " \n", "\u{a0}\u{202f}", "\u{200b}\n\u{2060}", "\u{2800}"] {
            assert!(is_blank(blank), "{blank:?}");
        }
        assert!(!is_blank(" ."));
    }

    #[test]
    fn what_cannot_be_seen_is_found() {
        for hidden in [
            "\u{200b}",
            "\u{200c}",
            "\u{200d}",
            "\u{200e}",
            "\u{200f}",
            "\u{202a}",
            "\u{202d}",
            "\u{202e}",
            "\u{2060}",
            "\u{2066}",
            "\u{2067}",
            "\u{2068}",
            "\u{2069}",
            "\u{feff}",
            "\u{e0001}",
            "\u{e0041}",
            "\u{ad}",
            "\u{fe0f}",
            "\u{2028}",
        ] {
            for text in [format!("Rubis{hidden}"), format!("{hidden}Rubis"), format!("Ru{hidden}bis")] {
                assert!(has_invisible(&text), "{text:?}");
                assert_eq!(without_invisible(&text), "Rubis");
            }
        }
    }

    #[test]
    fn the_texts_of_several_languages_and_emoji_are_left_alone() {
        for text in [
            "L’Étoile du Nord\u{a0}: œuvres & Cie\u{202f}!",
            "Café – «\u{a0}Zoé\u{a0}» n° 2 (à côté) 1\u{202f}200,00\u{a0}€",
            "e\u{301}te\u{301}",
            "شركة النور",
            "חברת אור",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "👩\u{200d}🍳 Chez Léa ❤\u{fe0f}",
            "🏳\u{fe0f}\u{200d}🌈",
            "株式会社",
        ] {
            assert!(!has_invisible(text), "{text:?}");
        }
    }
}
