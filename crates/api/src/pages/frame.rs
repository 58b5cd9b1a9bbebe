//! The templates of the pages, and the headers of their responses.

use std::sync::LazyLock;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rubis_kernel::{RenderError, Templates, sha256, templates};
use serde::Serialize;

/// The templates of this crate. `page.html` is the layout; it includes the style.
pub static PAGES: Templates = Templates::new(templates![
    "checkin_confirm.html",
    "checkin_expired.html",
    "checkin_gone.html",
    "checkin_paid.html",
    "checkin_parts.html",
    "checkin_pending.html",
    "checkin_question.html",
    "checkin_renewed.html",
    "checkin_settled.html",
    "checkin_together.html",
    "checkin_too_soon.html",
    "checkin_undone.html",
    "checkin_unknown.html",
    "checkin_was_paid.html",
    "checkin_was_pending.html",
    "marks.html",
    "page.html",
    "style.css",
    "trouble.html",
]);

const STYLE: &str = include_str!("templates/style.css");

/// The size limit of a page. A page of 50 invoices with names of 200 characters stays within it.
const MAX_PAGE_BYTES: usize = 256 * 1024;

/// Allows the page its own style, by its hash, and forms to its own origin; nothing else.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(sha256(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
});

/// A rendered page.
#[derive(Debug)]
pub struct Page(String);

impl Page {
    /// Renders a template of [`PAGES`].
    ///
    /// # Errors
    /// [`RenderError`], also if the page is larger than 256 KiB.
    pub fn render(template: &str, values: impl Serialize) -> Result<Self, RenderError> {
        PAGES.render(template, values, MAX_PAGE_BYTES).map(Self)
    }

    /// Returns the response with the page as its body.
    #[must_use]
    pub fn response(self, status: StatusCode) -> HttpResponse {
        HttpResponse::build(status)
            .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY.as_str()))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(self.0)
    }

    #[cfg(test)]
    pub(super) fn html(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_hashes_the_style_that_the_page_includes() {
        assert!(!STYLE.contains("</"), "what ends the element would change what the policy hashes");
        let page = Page::render("checkin_gone.html", ()).unwrap();
        assert!(page.html().contains(&format!("<style>{STYLE}</style>")), "{}", page.html());
        assert!(POLICY.contains("style-src 'sha256-") && !POLICY.contains("unsafe"));
    }
}
