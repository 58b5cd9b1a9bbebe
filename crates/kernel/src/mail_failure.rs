//! Reasons why a mail was not sent, in a form that its organization may read.

use std::fmt;

use crate::{MailPart, RenderError, invisible::without_invisible, text::shortened};

/// Maximum length of a stored reply, in characters.
const MAX_REPLY_CHARS: usize = 300;

/// Reply of the recipient's mail server, on one line of at most 300 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerReply(String);

impl ServerReply {
    /// Returns the reply without its code and invisible characters; `None` if nothing is left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let line = shortened(&without_invisible(text), MAX_REPLY_CHARS);
        (!line.is_empty()).then_some(Self(line))
    }
}

impl fmt::Display for ServerReply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Reason why a mail was not sent. The underlying error may contain hosts, ports and code, and is only for operators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MailFailure {
    /// The recipient's mail server permanently rejected the mail.
    Refused(Option<ServerReply>),
    /// The recipient's mail server did not accept the mail this time.
    Deferred(Option<ServerReply>),
    /// The connection broke while the mail was being sent.
    Unreachable,
    /// The mail server could not be reached or accepted no mail from us, for the whole time of waiting.
    Unavailable,
    /// The mail cannot be composed: an address or a header is malformed.
    Invalid,
    /// A part of the mail is too long.
    TooLong(MailPart),
    /// A part of the mail is blank.
    Empty(MailPart),
    /// An internal failure.
    #[default]
    Internal,
}

impl MailFailure {
    /// Returns the stable code of the failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(_) => "mail_refused",
            Self::Deferred(_) => "mail_deferred",
            Self::Unreachable => "mail_server_unreachable",
            Self::Unavailable => "mail_server_unavailable",
            Self::Invalid => "mail_invalid",
            Self::TooLong(MailPart::Subject) => "subject_too_long",
            Self::TooLong(MailPart::Text | MailPart::Html) => "text_too_long",
            Self::Empty(MailPart::Subject) => "subject_empty",
            Self::Empty(MailPart::Text | MailPart::Html) => "text_empty",
            Self::Internal => "internal_error",
        }
    }

    /// Returns the reply of the recipient's mail server, or the code if there is no reply.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Refused(Some(reply)) | Self::Deferred(Some(reply)) => reply.to_string(),
            _ => self.code().to_owned(),
        }
    }
}

impl From<&RenderError> for MailFailure {
    fn from(error: &RenderError) -> Self {
        match error {
            RenderError::TooLong(part) => Self::TooLong(*part),
            RenderError::Empty(part) => Self::Empty(*part),
            RenderError::Template { .. } | RenderError::TooLarge { .. } => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_one_line_of_visible_characters() {
        let reply = ServerReply::new("5.1.1 no such\r\n mailbox\u{202e} here\0").unwrap();
        assert_eq!(reply.to_string(), "5.1.1 no such mailbox here");
        assert_eq!(ServerReply::new(" \u{200b}\r\n"), None);
        let long = ServerReply::new(&"x".repeat(10_000)).unwrap().to_string();
        assert_eq!(long.chars().count(), MAX_REPLY_CHARS);
    }

    #[test]
    fn the_detail_is_what_the_server_said_or_a_code() {
        let reply = ServerReply::new("5.1.1 no such mailbox");
        assert_eq!(MailFailure::Refused(reply.clone()).detail(), "5.1.1 no such mailbox");
        assert_eq!(MailFailure::Deferred(reply).detail(), "5.1.1 no such mailbox");
        assert_eq!(MailFailure::Refused(None).detail(), "mail_refused");
        assert_eq!(MailFailure::Unreachable.detail(), "mail_server_unreachable");
        assert_eq!(MailFailure::default().detail(), "internal_error");
    }
}
