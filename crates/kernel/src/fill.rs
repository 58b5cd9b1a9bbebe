//! Puts values into the templates of the product's own mails, which are compiled in; those that users write are
//! [`crate::Template`]s.

use crate::escape_html;

/// A template's text with `{name}` replaced by the value of that name, once: a value that looks like a
/// placeholder stays what it is.
#[must_use]
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = after.split_once('}').and_then(|(name, behind)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((*value, behind))
        });
        match value {
            Some((value, behind)) => {
                filled.push_str(value);
                rest = behind;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// As [`fill`], with the values as HTML shows them. `markup` holds those that are HTML already.
#[must_use]
pub fn fill_html(template: &str, values: &[(&str, &str)], markup: &[(&str, &str)]) -> String {
    let escaped: Vec<(&str, String)> =
        values.iter().map(|(name, value)| (*name, escape_html(value))).collect();
    let all: Vec<(&str, &str)> =
        escaped.iter().map(|(name, value)| (*name, value.as_str())).chain(markup.iter().copied()).collect();
    fill(template, &all)
}

/// The text on one line, as a subject and a fact have to be. No-break spaces stay: amounts are written with
/// them.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split(|character: char| character.is_control() || character == ' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_once() {
        let values = [("a", "{b}"), ("b", "two")];
        assert_eq!(fill("{a} {b} {c} {", &values), "{b} two {c} {");
    }

    #[test]
    fn values_are_escaped_and_markup_is_not() {
        assert_eq!(fill_html("{a}{b}", &[("a", "<&>")], &[("b", "<p>")]), "&lt;&amp;&gt;<p>");
    }

    #[test]
    fn a_line_has_no_breaks() {
        assert_eq!(one_line(" a\r\nb\u{a0}c \0"), "a b\u{a0}c");
    }
}
