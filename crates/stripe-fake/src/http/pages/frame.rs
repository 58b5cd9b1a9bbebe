//! The frame shared by all pages.

use rubis_kernel::{escape_html, format_date_french};
use time::OffsetDateTime;

/// Returns a whole page. `title` is escaped here; `body` is HTML already.
pub(super) fn page(title: &str, body: &str) -> String {
    let title = escape_html(title);
    format!(
        "<!doctype html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<link rel=\"stylesheet\" href=\"/fake.css\">\n</head>\n<body>\n\
         <p class=\"banner\">Faux Stripe de développement\u{a0}: aucune carte n’est réelle, \
         rien n’est débité.</p>\n\
         <main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// Returns a page with a message only.
pub(super) fn notice(title: &str, text: &str) -> String {
    format!("<section class=\"card\"><h1>{}</h1><p>{}</p></section>\n", escape_html(title), escape_html(text))
}

/// Returns a button that posts to an address.
pub(super) fn button(action: &str, label: &str, class: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{}\"><button class=\"{class}\">{}</button></form>\n",
        escape_html(action),
        escape_html(label)
    )
}

/// Returns the day of an instant, in French and in UTC.
pub(super) fn day(instant: OffsetDateTime) -> String {
    format_date_french(instant.date())
}
