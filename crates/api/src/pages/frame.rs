//! What every page has around its content: the head, the brand, the styles, and the headers that go with them.

use std::sync::LazyLock;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rubis_kernel::sha256;

use super::html::Html;

const STYLE: &str = include_str!("style.css");

/// The page may style itself, by this style alone, and send its forms back to where it came from; nothing else.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(sha256(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
});

/// A ruby, cut.
const BRAND: &str = "<svg viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.6\" \
    stroke-linejoin=\"round\" aria-hidden=\"true\" focusable=\"false\">\
    <path d=\"M6.5 4h11L22 9.5 12 21 2 9.5z\"/><path d=\"M2 9.5h20M8.5 9.5 12 21l3.5-11.5L12 4z\"/></svg>";

/// A page's title and content.
#[derive(Debug)]
pub struct Page {
    /// What the window is called.
    pub title: String,
    /// What is in its middle.
    pub main: Html,
    /// The small print.
    pub foot: Html,
}

impl Page {
    /// The answer that carries the page.
    #[must_use]
    pub fn response(self, status: StatusCode) -> HttpResponse {
        HttpResponse::build(status)
            .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY.as_str()))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(self.written())
    }

    fn written(&self) -> String {
        let mut html = Html::new();
        html.markup(
            "<!doctype html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
             <meta name=\"format-detection\" content=\"telephone=no\">\n<title>",
        )
        .text(&self.title)
        .markup(" · Rubis</title>\n<style>")
        .markup(STYLE)
        .markup("</style>\n</head>\n<body>\n<header class=\"brand\">")
        .markup(BRAND)
        .markup("<span>Rubis</span></header>\n<main>\n")
        .html(&self.main)
        .markup("\n</main>\n<footer>")
        .html(&self.foot)
        .markup("</footer>\n</body>\n</html>\n");
        html.into_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_cannot_end_its_element() {
        assert!(!STYLE.contains("</"), "what ends the element would change what the policy hashes");
        assert!(POLICY.contains("style-src 'sha256-") && !POLICY.contains("unsafe"));
    }
}
