//! Hand-written HTML: escaping and the frame shared by all pages.

use std::borrow::Cow;

/// Escapes text for an element or a quoted attribute.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
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
    Cow::Owned(escaped)
}

/// Escapes text and turns its web addresses into links.
pub(super) fn escape_with_links(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 64);
    for piece in text.split_inclusive(char::is_whitespace) {
        let address = piece.trim_end();
        // Punctuation after an address belongs to the sentence.
        let address = address.trim_end_matches(['.', ',', ';', ')', '>']);
        let is_link = address.starts_with("https://") || address.starts_with("http://");
        match piece.strip_prefix(address) {
            Some(rest) if is_link => {
                let address = escape(address);
                html.push_str(&format!(
                    "<a href=\"{address}\" target=\"_blank\" rel=\"noreferrer noopener\">{address}</a>{}",
                    escape(rest)
                ));
            }
            _ => html.push_str(&escape(piece)),
        }
    }
    html
}

/// Returns a whole page. `title` is escaped here; `head` and `body` are HTML already.
pub(super) fn page(title: &str, head: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<link rel=\"stylesheet\" href=\"/inbox.css\">\n{head}</head>\n\
         <body>\n{body}</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_sent_can_leave_its_element_or_attribute() {
        assert_eq!(escape("<script>\"'&</script>"), "&lt;script&gt;&quot;&#39;&amp;&lt;/script&gt;");
    }

    #[test]
    fn web_addresses_become_links_without_the_full_stop() {
        assert_eq!(
            escape_with_links("see https://a.fr/?x=1&y=2. <b>"),
            "see <a href=\"https://a.fr/?x=1&amp;y=2\" target=\"_blank\" rel=\"noreferrer noopener\">\
             https://a.fr/?x=1&amp;y=2</a>. &lt;b&gt;"
        );
    }

    #[test]
    fn other_schemes_stay_text() {
        assert_eq!(escape_with_links("javascript:alert(1)"), "javascript:alert(1)");
    }
}
