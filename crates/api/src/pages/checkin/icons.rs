//! The signs above the headings. They say nothing that the heading does not.

/// A sign and its colour.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    /// All is well.
    Check,
    /// It takes time.
    Clock,
    /// We ask.
    Question,
    /// A mail.
    Envelope,
    /// Something is not right.
    Exclamation,
}

impl Mark {
    /// The element.
    pub(super) const fn markup(self) -> &'static str {
        match self {
            Self::Check => concat!(
                "<div class=\"mark good\" aria-hidden=\"true\"><svg viewBox=\"0 0 24 24\" fill=\"none\" ",
                "stroke=\"currentColor\" stroke-width=\"2.2\" stroke-linecap=\"round\" ",
                "stroke-linejoin=\"round\"><path d=\"m5 12.5 4.5 4.5L19 7.5\"/></svg></div>\n"
            ),
            Self::Clock => concat!(
                "<div class=\"mark wait\" aria-hidden=\"true\"><svg viewBox=\"0 0 24 24\" fill=\"none\" ",
                "stroke=\"currentColor\" stroke-width=\"2\" stroke-linecap=\"round\" ",
                "stroke-linejoin=\"round\"><circle cx=\"12\" cy=\"12\" r=\"8.5\"/>",
                "<path d=\"M12 7.5V12l3 2\"/></svg></div>\n"
            ),
            Self::Question => concat!(
                "<div class=\"mark\" aria-hidden=\"true\"><svg viewBox=\"0 0 24 24\" fill=\"none\" ",
                "stroke=\"currentColor\" stroke-width=\"2.2\" stroke-linecap=\"round\" ",
                "stroke-linejoin=\"round\"><path d=\"M8.5 9a3.5 3.5 0 1 1 5.3 3c-1.2.8-1.8 1.4-1.8 2.8\"/>",
                "<path d=\"M12 18.6v.1\"/></svg></div>\n"
            ),
            Self::Envelope => concat!(
                "<div class=\"mark good\" aria-hidden=\"true\"><svg viewBox=\"0 0 24 24\" fill=\"none\" ",
                "stroke=\"currentColor\" stroke-width=\"2\" stroke-linecap=\"round\" ",
                "stroke-linejoin=\"round\"><rect x=\"3.5\" y=\"5.5\" width=\"17\" height=\"13\" rx=\"2\"/>",
                "<path d=\"m4.5 7.5 7.5 6 7.5-6\"/></svg></div>\n"
            ),
            Self::Exclamation => concat!(
                "<div class=\"mark wait\" aria-hidden=\"true\"><svg viewBox=\"0 0 24 24\" fill=\"none\" ",
                "stroke=\"currentColor\" stroke-width=\"2.4\" stroke-linecap=\"round\">",
                "<path d=\"M12 6v7.5M12 18v.1\"/></svg></div>\n"
            ),
        }
    }
}
