//! Why a mail did not go out, in the terms of what to do about it.

use std::time::Duration;

use rubis_kernel::{MailFailure, ServerReply};
use thiserror::Error;

use crate::message::InvalidMessage;

/// Why a mail was not sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SendError {
    /// This mail may be taken later: a 4xx reply to its recipient or its content, or a connection that broke in the middle
    /// of it.
    #[error("the mail could not be sent now: {reason}")]
    Transient {
        /// What happened, for operations.
        reason: String,
        /// The wait that the provider asks for.
        retry_after: Option<Duration>,
        /// The cause as the sender may read it.
        failure: MailFailure,
    },
    /// The server is away or takes no mail now, whichever it is: it refuses connections, greets with 4xx, closes with 421,
    /// is limiting our rate, or our quota is used up. That says nothing about the mail.
    #[error("the mail server is not available: {reason}")]
    Unavailable {
        /// Description for operations.
        reason: String,
        /// The wait that the provider asks for.
        retry_after: Option<Duration>,
        /// The mail was handed over, and no answer came.
        may_have_left: bool,
    },
    /// The recipient or the message was refused for good; trying again changes nothing.
    #[error("the mail was refused ({code}): {reason}")]
    Rejected {
        /// The SMTP reply code or the HTTP status.
        code: u16,
        /// The server's reply, for operations.
        reason: String,
        /// The words of the recipient's mail server.
        reply: Option<ServerReply>,
    },
    /// The mail cannot be written at all; nothing was sent to anybody.
    #[error(transparent)]
    Invalid(#[from] InvalidMessage),
    /// The server refuses *us*: credentials, sender address, TLS. Every mail would fail, none through its own
    /// fault, so they wait for operations to mend it. Logged as an error when it begins and when it ends.
    #[error("the mail server accepts no mails from us: {reason}")]
    Configuration {
        /// What the server said, for operations.
        reason: String,
    },
}

impl SendError {
    /// Whether sending the same mail again is pointless.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Rejected { .. } | Self::Invalid(_))
    }

    /// Whether the server may have taken the mail all the same: it was handed over, and the answer never came.
    pub const fn may_have_left(&self) -> bool {
        match self {
            Self::Transient { failure, .. } => matches!(failure, MailFailure::Unreachable),
            Self::Unavailable { may_have_left, .. } => *may_have_left,
            Self::Rejected { .. } | Self::Invalid(_) | Self::Configuration { .. } => false,
        }
    }

    /// The cause as the organization that the mail was sent for may read it: no host, port or text of ours.
    pub fn failure(&self) -> MailFailure {
        match self {
            Self::Transient { failure, .. } => failure.clone(),
            Self::Rejected { reply, .. } => MailFailure::Refused(reply.clone()),
            Self::Invalid(_) => MailFailure::Invalid,
            Self::Configuration { .. } | Self::Unavailable { .. } => MailFailure::Unavailable,
        }
    }

    /// The recipient's mail server said that the mail cannot be taken now.
    pub fn deferred(reply: &str) -> Self {
        Self::Transient {
            reason: reply.to_owned(),
            retry_after: None,
            failure: MailFailure::Deferred(ServerReply::new(reply)),
        }
    }

    /// The recipient's mail server refused the mail for good.
    pub fn rejected(code: u16, reply: &str) -> Self {
        Self::Rejected { code, reason: reply.to_owned(), reply: ServerReply::new(reply) }
    }

    /// The mail server is away.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into(), retry_after: None, may_have_left: false }
    }

    /// The connection broke or the server fell silent while it was taking the mail, which may have left.
    pub fn transient(reason: impl Into<String>) -> Self {
        Self::Transient { reason: reason.into(), retry_after: None, failure: MailFailure::Unreachable }
    }

    pub(crate) fn configuration(reason: impl Into<String>) -> Self {
        Self::Configuration { reason: reason.into() }
    }
}

/// Why no mailer can be made from the settings.
#[derive(Debug, Error)]
#[error("the mailer cannot be created: {reason}")]
pub struct MailerError {
    /// What is wrong with them; never a secret.
    pub(crate) reason: String,
}
