//! Reasons why a mail was not sent, grouped by the reaction to them.

use std::time::Duration;

use rubis_kernel::{MailFailure, ServerReply};
use thiserror::Error;

use crate::message::InvalidMessage;

/// Reason why a mail was not sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SendError {
    /// This mail may be accepted later: a 4xx reply to its recipient or its content, or a connection that broke in the
    /// middle of it.
    #[error("the mail could not be sent now: {reason}")]
    Transient {
        /// Description for operators.
        reason: String,
        /// Wait requested by the provider.
        retry_after: Option<Duration>,
        /// Reason in a form that the sender may read.
        failure: MailFailure,
    },
    /// The server is down or accepts no mails now: it refuses connections, greets with 4xx, closes with 421, limits
    /// our rate, or our quota is used up. The mail itself is not the cause.
    #[error("the mail server is not available: {reason}")]
    Unavailable {
        /// Description for operators.
        reason: String,
        /// Wait requested by the provider.
        retry_after: Option<Duration>,
        /// True if the mail was handed over and no reply came.
        may_have_left: bool,
        /// True if the server may have failed because of this mail: silence after its recipient, an error of its own
        /// on the request that holds it.
        may_be_the_mail: bool,
    },
    /// The recipient or the message was permanently rejected; another attempt changes nothing.
    #[error("the mail was refused ({code}): {reason}")]
    Rejected {
        /// SMTP reply code or HTTP status.
        code: u16,
        /// Reply of the server, for operators.
        reason: String,
        /// Reply of the recipient's mail server.
        reply: Option<ServerReply>,
    },
    /// The mail cannot be composed; nothing was sent.
    #[error(transparent)]
    Invalid(#[from] InvalidMessage),
    /// The server rejects *us*: credentials, sender address, TLS. Every mail would fail, through no fault of its own,
    /// so they wait until an operator corrects it. Logged as an error when it begins and when it ends.
    #[error("the mail server accepts no mails from us: {reason}")]
    Configuration {
        /// Reply of the server, for operators.
        reason: String,
    },
}

impl SendError {
    /// Reports whether sending the same mail again is pointless.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Rejected { .. } | Self::Invalid(_))
    }

    /// Reports whether the server may have accepted the mail: it was handed over, and no reply came.
    pub const fn may_have_left(&self) -> bool {
        match self {
            Self::Transient { failure, .. } => matches!(failure, MailFailure::Unreachable),
            Self::Unavailable { may_have_left, .. } => *may_have_left,
            Self::Rejected { .. } | Self::Invalid(_) | Self::Configuration { .. } => false,
        }
    }

    /// Returns the reason in a form that the mail's organization may read: without hosts, ports and internal text.
    pub fn failure(&self) -> MailFailure {
        match self {
            Self::Transient { failure, .. } => failure.clone(),
            Self::Rejected { reply, .. } => MailFailure::Refused(reply.clone()),
            Self::Invalid(_) => MailFailure::Invalid,
            Self::Configuration { .. } | Self::Unavailable { .. } => MailFailure::Unavailable,
        }
    }

    /// Creates the error for a recipient's mail server that cannot accept the mail now.
    pub fn deferred(reply: &str) -> Self {
        Self::Transient {
            reason: reply.to_owned(),
            retry_after: None,
            failure: MailFailure::Deferred(ServerReply::new(reply)),
        }
    }

    /// Creates the error for a recipient's mail server that permanently rejected the mail.
    pub fn rejected(code: u16, reply: &str) -> Self {
        Self::Rejected { code, reason: reply.to_owned(), reply: ServerReply::new(reply) }
    }

    /// Creates the error for a mail server that is down.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable {
            reason: reason.into(),
            retry_after: None,
            may_have_left: false,
            may_be_the_mail: false,
        }
    }

    /// Creates the error for a server that failed on this mail, and may fail on others.
    pub fn failed_on_mail(reason: impl Into<String>) -> Self {
        Self::Unavailable {
            reason: reason.into(),
            retry_after: None,
            may_have_left: false,
            may_be_the_mail: true,
        }
    }

    /// Creates the error for a connection that broke, or a server that went silent, during the mail, which may have
    /// been sent.
    pub fn transient(reason: impl Into<String>) -> Self {
        Self::Transient { reason: reason.into(), retry_after: None, failure: MailFailure::Unreachable }
    }

    pub(crate) fn configuration(reason: impl Into<String>) -> Self {
        Self::Configuration { reason: reason.into() }
    }
}

/// The settings do not allow a mailer.
#[derive(Debug, Error)]
#[error("the mailer cannot be created: {reason}")]
pub struct MailerError {
    /// Description of the fault; never contains a secret.
    pub(crate) reason: String,
}
