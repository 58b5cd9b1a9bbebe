//! The states of a reminder and the transitions between them.

use rubis_db::STORED_INSTANT_TOLERANCE;
use rubis_invoices::Reason;
use rubis_kernel::UserId;
use time::OffsetDateTime;

use crate::{draft::Draft, task::RelanceStatus, text::RenderedText};

/// State of a reminder, with the data that exists in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelanceState {
    /// Waits for its date, or for another attempt after one that certainly failed.
    Scheduled {
        attempted: Option<Mail>,
        note: Option<Note>,
    },
    /// Waits for a person's approval.
    Drafted {
        mail: Mail,
        drafted: Drafted,
        note: Option<Note>,
    },
    /// Waits for its date or for another attempt, and has the approval that it needs.
    Approved {
        mail: Mail,
        approved: Approved,
        note: Option<Note>,
    },
    /// May be at the recipient's mail server: it is being handed over, or the outcome of that is unknown.
    Sending {
        since: OffsetDateTime,
        written: Written,
    },
    Sent {
        at: OffsetDateTime,
        written: Written,
        refused_copies: Vec<String>,
    },
    Cancelled {
        reason: Note,
        written: Option<Written>,
    },
    Failed {
        failure: Note,
        written: Option<Written>,
    },
}

/// Reason for the state of a reminder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// A code of [`Reason`], or of a newer release.
    pub code: String,
    /// The words of the recipient's mail server, a code of [`rubis_kernel::MailFailure`], or the parts that changed.
    pub detail: Option<String>,
}

/// Text of a reminder, and its envelope once an attempt has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub text: RenderedText,
    pub recipient: Option<String>,
    pub message_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    pub at: OffsetDateTime,
    /// `None` if an earlier release drafted it.
    pub draft: Option<Draft>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    pub drafted: Drafted,
    pub at: OffsetDateTime,
    pub by: UserId,
}

/// Text of a reminder with its review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub mail: Mail,
    pub review: Review,
}

/// Progress of a reminder's approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Review {
    /// The reminder needs no approval.
    Unneeded,
    Drafted(Drafted),
    Approved(Approved),
}

/// Event in the life of a reminder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelanceEvent {
    /// Its text is put before a person; the note has the parts that changed since an approval.
    Drafted {
        text: RenderedText,
        draft: Draft,
        note: Option<Note>,
        at: OffsetDateTime,
    },
    Approved {
        text: RenderedText,
        draft: Draft,
        by: UserId,
        at: OffsetDateTime,
    },
    /// A user sends it now.
    Hurried,
    /// It is due, and a pause or an unverified sender holds it back.
    HeldBack,
    /// It is due, and the organization has reached its limit of recipients.
    LimitReached,
    /// A worker is about to hand this mail to the mail server.
    Claimed {
        mail: Mail,
        at: OffsetDateTime,
    },
    /// The mail server certainly did not take the mail at the attempt that began at `began`.
    NotTaken {
        began: OffsetDateTime,
    },
    Sent {
        refused_copies: Vec<String>,
        at: OffsetDateTime,
    },
    GivenUp {
        failure: Note,
    },
    /// A user or a new planning cancels it.
    Cancelled {
        reason: Reason,
    },
    /// It is due, and its invoice is not to be reminded any more.
    Withdrawn {
        reason: Reason,
    },
}

/// The event is not possible in the reminder's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reminder that is {from} cannot be {event}")]
pub struct Rejected {
    pub from: &'static str,
    pub event: &'static str,
}

impl RelanceState {
    /// Returns the state after an event. A reminder that may have left is neither rewritten nor called off by anything
    /// but the end of its invoice's chase: another attempt sends the same text again.
    ///
    /// # Errors
    /// [`Rejected`] if the event is not possible in this state.
    pub fn apply(self, event: RelanceEvent) -> Result<Self, Rejected> {
        use RelanceEvent as Event;

        let rejected = Rejected { from: self.name(), event: event.name() };
        match (event, self) {
            (Event::Drafted { text, draft, note, at }, before)
                if before.is_waiting() || before.has_failed() =>
            {
                let drafted = Drafted { at, draft: Some(draft) };
                Ok(Self::Drafted { mail: Mail::unsent(text), drafted, note })
            }
            (Event::Approved { text, draft, by, at }, Self::Drafted { drafted, .. }) => {
                let drafted = Drafted { draft: Some(draft), ..drafted };
                Ok(Self::Approved {
                    mail: Mail::unsent(text),
                    approved: Approved { drafted, at, by },
                    note: None,
                })
            }
            (Event::HeldBack | Event::LimitReached, sending @ Self::Sending { .. }) => Ok(sending),
            (Event::Hurried | Event::HeldBack, before) if before.is_waiting() || before.has_failed() => {
                Ok(Self::waiting(before.into_written(), None))
            }
            (Event::LimitReached, before) if before.is_waiting() || before.has_failed() => {
                Ok(Self::waiting(before.into_written(), Some(Reason::DailyLimit.into())))
            }
            (Event::Claimed { mail, .. }, Self::Sending { since, written }) => {
                Ok(Self::Sending { since, written: Written { mail, ..written } })
            }
            (Event::Claimed { mail, at }, before) if before.is_waiting() || before.has_failed() => {
                let review = before.into_written().map_or(Review::Unneeded, |written| written.review);
                Ok(Self::Sending { since: at, written: Written { mail, review } })
            }
            (Event::NotTaken { began }, Self::Sending { since, written })
                if began - since < STORED_INSTANT_TOLERANCE =>
            {
                Ok(Self::waiting(Some(written), None))
            }
            // An earlier attempt may have succeeded.
            (Event::NotTaken { .. }, sending @ Self::Sending { .. }) => Ok(sending),
            (Event::Sent { refused_copies, at }, Self::Sending { written, .. }) => {
                Ok(Self::Sent { at, written, refused_copies })
            }
            (Event::GivenUp { failure }, before) if before.is_waiting() || before.may_have_left() => {
                Ok(Self::Failed { failure, written: before.into_written() })
            }
            (Event::Cancelled { reason }, before) if before.is_waiting() => Ok(before.cancelled(reason)),
            (Event::Withdrawn { reason }, before)
                if before.is_waiting() || before.may_have_left() || before.has_failed() =>
            {
                Ok(before.cancelled(reason))
            }
            _ => Err(rejected),
        }
    }

    /// Returns true if it is to be sent and no attempt may have succeeded.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        matches!(self, Self::Scheduled { .. } | Self::Drafted { .. } | Self::Approved { .. })
    }

    /// Returns true while an attempt may have succeeded and that is not recorded.
    #[must_use]
    pub const fn may_have_left(&self) -> bool {
        matches!(self, Self::Sending { .. })
    }

    const fn has_failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    #[must_use]
    pub const fn status(&self) -> RelanceStatus {
        match self {
            Self::Scheduled { .. } | Self::Drafted { .. } | Self::Approved { .. } | Self::Sending { .. } => {
                RelanceStatus::Scheduled
            }
            Self::Sent { .. } => RelanceStatus::Sent,
            Self::Cancelled { .. } => RelanceStatus::Cancelled,
            Self::Failed { .. } => RelanceStatus::Failed,
        }
    }

    /// Returns the text that was drafted, approved or handed to the mail server last.
    #[must_use]
    pub const fn mail(&self) -> Option<&Mail> {
        match self {
            Self::Scheduled { attempted, .. } => attempted.as_ref(),
            Self::Drafted { mail, .. } | Self::Approved { mail, .. } => Some(mail),
            Self::Sending { written, .. }
            | Self::Sent { written, .. }
            | Self::Cancelled { written: Some(written), .. }
            | Self::Failed { written: Some(written), .. } => Some(&written.mail),
            Self::Cancelled { written: None, .. } | Self::Failed { written: None, .. } => None,
        }
    }

    #[must_use]
    pub const fn drafted(&self) -> Option<&Drafted> {
        match self {
            Self::Scheduled { .. } => None,
            Self::Drafted { drafted, .. } => Some(drafted),
            Self::Approved { approved, .. } => Some(&approved.drafted),
            Self::Sending { written, .. }
            | Self::Sent { written, .. }
            | Self::Cancelled { written: Some(written), .. }
            | Self::Failed { written: Some(written), .. } => written.review.drafted(),
            Self::Cancelled { written: None, .. } | Self::Failed { written: None, .. } => None,
        }
    }

    #[must_use]
    pub const fn approved(&self) -> Option<&Approved> {
        match self {
            Self::Approved { approved, .. } => Some(approved),
            Self::Sending { written, .. }
            | Self::Sent { written, .. }
            | Self::Cancelled { written: Some(written), .. }
            | Self::Failed { written: Some(written), .. } => written.review.approved(),
            Self::Scheduled { .. } | Self::Drafted { .. } | Self::Cancelled { .. } | Self::Failed { .. } => {
                None
            }
        }
    }

    #[must_use]
    pub const fn note(&self) -> Option<&Note> {
        match self {
            Self::Scheduled { note, .. } | Self::Drafted { note, .. } | Self::Approved { note, .. } => {
                note.as_ref()
            }
            Self::Cancelled { reason: note, .. } | Self::Failed { failure: note, .. } => Some(note),
            Self::Sending { .. } | Self::Sent { .. } => None,
        }
    }

    /// Returns the waiting state of what is written so far.
    pub(crate) fn waiting(written: Option<Written>, note: Option<Note>) -> Self {
        match written {
            None => Self::Scheduled { attempted: None, note },
            Some(Written { mail, review: Review::Unneeded }) => {
                Self::Scheduled { attempted: Some(mail), note }
            }
            Some(Written { mail, review: Review::Drafted(drafted) }) => Self::Drafted { mail, drafted, note },
            Some(Written { mail, review: Review::Approved(approved) }) => {
                Self::Approved { mail, approved, note }
            }
        }
    }

    fn into_written(self) -> Option<Written> {
        match self {
            Self::Scheduled { attempted, .. } => {
                attempted.map(|mail| Written { mail, review: Review::Unneeded })
            }
            Self::Drafted { mail, drafted, .. } => Some(Written { mail, review: Review::Drafted(drafted) }),
            Self::Approved { mail, approved, .. } => {
                Some(Written { mail, review: Review::Approved(approved) })
            }
            Self::Sending { written, .. } | Self::Sent { written, .. } => Some(written),
            Self::Cancelled { written, .. } | Self::Failed { written, .. } => written,
        }
    }

    fn cancelled(self, reason: Reason) -> Self {
        Self::Cancelled { reason: reason.into(), written: self.into_written() }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Scheduled { .. } => "scheduled",
            Self::Drafted { .. } => "drafted",
            Self::Approved { .. } => "approved",
            Self::Sending { .. } => "being sent",
            Self::Sent { .. } => "sent",
            Self::Cancelled { .. } => "cancelled",
            Self::Failed { .. } => "failed",
        }
    }
}

impl RelanceEvent {
    const fn name(&self) -> &'static str {
        match self {
            Self::Drafted { .. } => "drafted",
            Self::Approved { .. } => "approved",
            Self::Hurried => "sent now",
            Self::HeldBack => "held back",
            Self::LimitReached => "postponed",
            Self::Claimed { .. } => "claimed",
            Self::NotTaken { .. } => "recorded as not taken",
            Self::Sent { .. } => "recorded as sent",
            Self::GivenUp { .. } => "given up",
            Self::Cancelled { .. } => "cancelled",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }
}

impl Mail {
    /// A text that no attempt has an envelope for.
    pub(crate) const fn unsent(text: RenderedText) -> Self {
        Self { text, recipient: None, message_id: None }
    }
}

impl Review {
    const fn drafted(&self) -> Option<&Drafted> {
        match self {
            Self::Unneeded => None,
            Self::Drafted(drafted) => Some(drafted),
            Self::Approved(approved) => Some(&approved.drafted),
        }
    }

    const fn approved(&self) -> Option<&Approved> {
        match self {
            Self::Approved(approved) => Some(approved),
            Self::Unneeded | Self::Drafted(_) => None,
        }
    }
}

/// A rejection that no check of a use case has foreseen lets its transaction fail.
impl From<Rejected> for diesel::result::Error {
    fn from(rejected: Rejected) -> Self {
        Self::QueryBuilderError(Box::new(rejected))
    }
}

impl From<Reason> for Note {
    fn from(reason: Reason) -> Self {
        Self { code: reason.as_str().to_owned(), detail: None }
    }
}

#[cfg(test)]
mod tests;
