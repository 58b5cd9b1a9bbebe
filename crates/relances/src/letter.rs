//! The HTML of a reminder: a letter with the same words as its text.

use rubis_kernel::{MailContent, MailPart, RenderError, Templates, templates};
use serde::Serialize;

use crate::variables::RenderedText;

static MAILS: Templates = Templates::new(templates!["relance.html"]);

#[derive(Serialize)]
struct Letter<'a> {
    subject: &'a str,
    organization: &'a str,
    paragraphs: Vec<Paragraph<'a>>,
}

type Paragraph<'a> = Vec<Line<'a>>;
type Line<'a> = Vec<Piece<'a>>;

/// A part of a line.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Piece<'a> {
    text: &'a str,
    is_link: bool,
}

/// The text of a reminder as HTML.
///
/// # Errors
/// [`RenderError`]: the HTML is too long.
pub(crate) fn letter(organization_name: &str, text: &RenderedText) -> Result<String, RenderError> {
    let paragraphs = text
        .body
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| paragraph.lines().map(pieces).collect())
        .collect();
    let letter = Letter { subject: &text.subject, organization: organization_name, paragraphs };
    let rendered = MAILS.render("relance.html", letter, MailContent::MAX_HTML_BYTES);
    rendered.map_err(|error| error.of_part(MailPart::Html))
}

/// The parts of a line: web addresses, which become links, and the text between them.
fn pieces(line: &str) -> Line<'_> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some((start, end)) = next_link(rest) {
        let (before, from_link) = rest.split_at(start);
        let (link, after) = from_link.split_at(end - start);
        pieces.push(Piece { text: before, is_link: false });
        pieces.push(Piece { text: link, is_link: true });
        rest = after;
    }
    pieces.push(Piece { text: rest, is_link: false });
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

/// The start and the end of the first web address: a whole word that begins with its scheme.
fn next_link(text: &str) -> Option<(usize, usize)> {
    let mut start = 0;
    for word in text.split(' ') {
        if word.starts_with("https://") || word.starts_with("http://") {
            return Some((start, start + word.len()));
        }
        start += word.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> RenderedText {
        RenderedText { subject: "{paragraphs}".to_owned(), body: body.to_owned() }
    }

    #[test]
    fn web_addresses_become_links_and_the_text_between_them_stays() {
        let found: Vec<_> = pieces("Payer\u{a0}:  https://a.fr http://b.fr, ou xhttps://c.fr")
            .into_iter()
            .map(|piece| (piece.text, piece.is_link))
            .collect();
        assert_eq!(
            found,
            [
                ("Payer\u{a0}:  ", false),
                ("https://a.fr", true),
                (" ", false),
                ("http://b.fr,", true),
                (" ou xhttps://c.fr", false)
            ]
        );
        assert!(pieces("").is_empty());
    }

    #[test]
    fn what_looks_like_a_template_stays_as_it_is_written() {
        let hostile = "{paragraphs} {organization} {{ organization }} {% for x in y %} {{ <b>'&'</b>";
        let html = letter("{paragraphs}{title}", &text(hostile)).unwrap();
        assert_eq!(html.matches("<p style").count(), 1, "{html}");
        assert!(html.contains("<title>{paragraphs}</title>"), "{html}");
        assert!(html.contains(">{paragraphs}{title}</td>"), "{html}");
        let escaped = hostile.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert!(html.contains(&escaped.replace('\'', "&#39;")), "{html}");
    }

    #[test]
    fn a_letter_of_the_longest_text_is_within_its_limit_whatever_the_text_holds() {
        let limit = MailContent::MAX_TEXT_CHARS;
        for unit in [
            "a\n\n",
            "\"\n\n",
            "\"\n",
            "http://\" ",
            "http://\"\"\"\"\"\"\"\" ",
            "\"",
            "\u{1f469}",
            "https:// ",
        ] {
            let body: String = unit.chars().cycle().take(limit).collect();
            let html = letter("Menuiserie Vasseur", &text(&body)).unwrap();
            assert!(html.len() <= MailContent::MAX_HTML_BYTES, "{unit:?}: {}", html.len());
            let longer = body.repeat(20);
            assert!(letter("Menuiserie Vasseur", &text(&longer)).is_err(), "{unit:?}");
        }
    }
}
