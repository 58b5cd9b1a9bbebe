//! The HTML of a reminder: a letter with the same words as its text.

use linkify::{LinkFinder, LinkKind};
use rubis_kernel::{MailContent, MailPart, RenderError, Templates, templates};
use serde::Serialize;

use crate::text::RenderedText;

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
    let mut written = 0;
    for (start, end) in links(line) {
        pieces.push(Piece { text: line.get(written..start).unwrap_or_default(), is_link: false });
        pieces.push(Piece { text: line.get(start..end).unwrap_or_default(), is_link: true });
        written = end;
    }
    pieces.push(Piece { text: line.get(written..).unwrap_or_default(), is_link: false });
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

/// The starts and ends of the web addresses of a line, in their order. Punctuation behind an address is not a part
/// of it.
fn links(line: &str) -> Vec<(usize, usize)> {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    let mut links = Vec::new();
    let mut start = 0;
    // `linkify` takes a no-break space for a part of an address.
    for word in line.split_inclusive(char::is_whitespace) {
        let found = finder.links(word.trim_end()).filter(|link| is_web_address(link.as_str()));
        links.extend(found.map(|link| {
            let address = link.as_str().trim_end_matches(['»', '’', '”', '…']);
            (start + link.start(), start + link.start() + address.len())
        }));
        start += word.len();
    }
    links
}

fn is_web_address(link: &str) -> bool {
    let scheme = link.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> RenderedText {
        RenderedText { subject: "{paragraphs}".to_owned(), body: body.to_owned() }
    }

    fn linked(line: &str) -> Vec<&str> {
        pieces(line).iter().filter(|piece| piece.is_link).map(|piece| piece.text).collect()
    }

    #[test]
    fn web_addresses_become_links_and_the_text_between_them_stays() {
        let line = "Payer\u{a0}:  https://a.fr http://b.fr, ou xhttps://c.fr";
        let found: Vec<_> = pieces(line).into_iter().map(|piece| (piece.text, piece.is_link)).collect();
        assert_eq!(
            found,
            [
                ("Payer\u{a0}:  ", false),
                ("https://a.fr", true),
                (" ", false),
                ("http://b.fr", true),
                (", ou xhttps://c.fr", false)
            ]
        );
        assert!(pieces("").is_empty());
    }

    #[test]
    fn punctuation_behind_an_address_is_not_a_part_of_the_link() {
        let address = "https://payer.exemple.fr/f/1?ref=A-1";
        for behind in
            [".", ",", ";", ":", "!", "?", ")", ").", "),", ">", "»", "\u{a0}»", "…", "\u{202f}!", "\""]
        {
            assert_eq!(linked(&format!("Payer ici {address}{behind}")), [address], "{behind:?}");
        }
        // Control: punctuation inside an address and balanced parentheses stay.
        for whole in
            ["https://exemple.fr/a,b;c.pdf", "https://exemple.fr/facture_(1)", "https://exemple.fr/reçu"]
        {
            assert_eq!(linked(&format!("Voir {whole}.")), [whole]);
        }
    }

    #[test]
    fn an_address_is_found_behind_whatever_opens_it() {
        let address = "https://payer.exemple.fr/f/1";
        for before in ["(", "<", "\t", "\u{a0}", "\u{202f}", "«\u{a0}", "[", "\"", "’", ":\u{a0}"] {
            assert_eq!(linked(&format!("{before}{address}")), [address], "{before:?}");
            assert_eq!(linked(&format!("Payer{before}{address}")), [address], "{before:?}");
        }
        // Control: neither another scheme nor a word that ends in one is a web address.
        for other in [
            "ftp://exemple.fr/f",
            "xhttps://exemple.fr",
            "javascript://exemple.fr",
            "www.exemple.fr",
            "https://",
        ] {
            assert!(linked(other).is_empty(), "{other}");
        }
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
            "http://a<",
            "http://a.b\u{a0}",
            "(http://a)",
        ] {
            let body: String = unit.chars().cycle().take(limit).collect();
            let html = letter("Menuiserie Vasseur", &text(&body)).unwrap();
            assert!(html.len() <= MailContent::MAX_HTML_BYTES, "{unit:?}: {}", html.len());
            let longer = body.repeat(20);
            assert!(letter("Menuiserie Vasseur", &text(&longer)).is_err(), "{unit:?}");
        }
    }
}
