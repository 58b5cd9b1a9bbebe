//! The subject, text and HTML of a mail, within limits.

use std::fmt;

use crate::{invisible::is_blank, text::one_line};

/// A part of a mail that has a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailPart {
    Subject,
    /// Plain text.
    Text,
    Html,
}

impl MailPart {
    /// Returns the maximum number of bytes of the rendered part: no character has more than four.
    pub(crate) const fn max_bytes(self) -> usize {
        match self {
            Self::Subject => MailContent::MAX_SUBJECT_CHARS * 4,
            Self::Text => MailContent::MAX_TEXT_CHARS * 4,
            Self::Html => MailContent::MAX_HTML_BYTES,
        }
    }
}

impl fmt::Display for MailPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Html => "HTML",
        })
    }
}

/// Reasons why a template cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template is missing, does not parse, or names a variable that was not given.
    #[error("template {name} cannot be rendered")]
    Template {
        name: String,
        /// Error of the template engine.
        source: Box<minijinja::Error>,
    },
    /// The output of a template exceeds its maximum size.
    #[error("template {name} renders to more than {max_bytes} bytes")]
    TooLarge {
        name: String,
        /// Maximum size.
        max_bytes: usize,
    },
    /// A part of a mail is too long.
    #[error("the {0} of the mail is too long")]
    TooLong(MailPart),
    /// A part of a mail is blank.
    #[error("the {0} of the mail is empty")]
    Empty(MailPart),
}

impl RenderError {
    /// Converts an error about the size of the output to one about a part of a mail.
    #[must_use]
    pub fn of_part(self, part: MailPart) -> Self {
        if matches!(self, Self::TooLarge { .. }) { Self::TooLong(part) } else { self }
    }
}

/// The subject, text and HTML of a mail, none longer than its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailContent {
    subject: String,
    text: String,
    html: String,
}

impl MailContent {
    /// Maximum length of a subject, in characters.
    pub const MAX_SUBJECT_CHARS: usize = 300;
    /// Maximum length of a plain text, in characters.
    pub const MAX_TEXT_CHARS: usize = 20_000;
    /// Maximum size of an HTML part, in bytes. A text of 20,000 characters produces at most 13 bytes for each, in its
    /// own paragraph, and a layout of 2,000 bytes.
    pub const MAX_HTML_BYTES: usize = 300_000;

    /// Creates the content of a mail from its parts.
    ///
    /// # Errors
    /// [`RenderError::TooLong`], or [`RenderError::Empty`] if the subject or the text is blank.
    pub fn new(subject: String, text: String, html: String) -> Result<Self, RenderError> {
        if is_blank(&subject) {
            return Err(RenderError::Empty(MailPart::Subject));
        }
        if is_blank(&text) {
            return Err(RenderError::Empty(MailPart::Text));
        }
        if subject.chars().count() > Self::MAX_SUBJECT_CHARS {
            return Err(RenderError::TooLong(MailPart::Subject));
        }
        if html.len() > Self::MAX_HTML_BYTES {
            return Err(RenderError::TooLong(MailPart::Html));
        }
        if text.chars().count() > Self::MAX_TEXT_CHARS {
            return Err(RenderError::TooLong(MailPart::Text));
        }
        Ok(Self { subject, text, html })
    }

    /// Returns the text on one line, within the limit of subjects.
    pub(crate) fn subject_line(text: &str) -> Result<String, RenderError> {
        let subject = one_line(text);
        if subject.chars().count() > Self::MAX_SUBJECT_CHARS {
            return Err(RenderError::TooLong(MailPart::Subject));
        }
        Ok(subject)
    }

    /// Returns the subject, the text and the HTML.
    #[must_use]
    pub fn into_parts(self) -> (String, String, String) {
        (self.subject, self.text, self.html)
    }
}
