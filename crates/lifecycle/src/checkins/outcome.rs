//! Answers as they arrive, and their outcomes.

use rubis_checkins::{CheckinAnswer, CheckinAnsweredBy, CheckinLink, Opening};
use time::OffsetDateTime;

use crate::{reopen_invoice::ReopenError, settle_invoice::SettleError};

/// Label in the feed and on the payment of an invoice that was settled or reopened by a check-in.
pub(crate) const LABEL: &str = "via check-in";

/// Way in which the user answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnsweredBy {
    /// By a link of the mail, which a machine may have opened.
    Link(Opening),
    /// By a button, which a person pressed.
    Button {
        /// User agent of the request.
        user_agent: String,
    },
}

impl AnsweredBy {
    /// The record that is kept of it.
    pub(crate) fn opening(&self, answer: CheckinAnswer, now: OffsetDateTime) -> Opening {
        match self {
            Self::Link(opening) => Opening { link: answer.into(), ..opening.clone() },
            Self::Button { user_agent } => pressed(answer.into(), user_agent, now),
        }
    }

    pub(crate) const fn kind(&self) -> CheckinAnsweredBy {
        match self {
            Self::Link(_) => CheckinAnsweredBy::Link,
            Self::Button { .. } => CheckinAnsweredBy::Button,
        }
    }
}

/// A button that was pressed.
pub(crate) fn pressed(link: CheckinLink, user_agent: &str, now: OffsetDateTime) -> Opening {
    Opening::from_request(now, "POST", link, [("user-agent", user_agent.as_bytes())])
}

/// Outcome of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckinOutcome {
    /// The invoice is settled.
    Settled,
    /// The reminders go on.
    StillPending,
    /// The user answered before, or the invoice was settled otherwise.
    AlreadyAnswered,
    /// The links have ended.
    Expired,
    /// A person has to confirm it with a button.
    Confirm,
    /// There is no such check-in.
    Invalid,
    /// Its links ended so long ago that the token is not answered any more.
    Gone,
}

/// Failures to record an answer. A broken rule is an outcome and no error.
#[derive(Debug, thiserror::Error)]
pub enum CheckinError {
    /// The payment could not be recorded, though the invoice was open.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// The settlement could not be undone, though the invoice was paid.
    #[error(transparent)]
    Reopen(#[from] ReopenError),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}
