//! HTML written by hand.

use rubis_kernel::escape_html;

/// HTML that is being written. Markup is what stands in the code; everything else is text, and goes in escaped.
#[derive(Debug, Default)]
pub struct Html(String);

impl Html {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds markup. Only what was written in the code can be.
    pub fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds a text, for an element or a quoted attribute.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escape_html(text));
        self
    }

    /// Adds HTML that was written the same way.
    pub fn html(&mut self, other: &Self) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// The whole of it.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn a_text_stays_within_its_element_and_its_attribute() {
        let mut html = Html::new();
        html.markup("<p title=\"").text("\" onclick='x'").markup("\">").text("<b>&</b>").markup("</p>");
        assert_eq!(
            html.into_string(),
            "<p title=\"&quot; onclick=&#39;x&#39;\">&lt;b&gt;&amp;&lt;/b&gt;</p>"
        );
    }
}
