//! The states of a check-in and the transitions between them.

use rubis_db::STORED_INSTANT_TOLERANCE;
use rubis_invoices::Reason;
use rubis_kernel::{CheckinMailId, PaymentId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::task::{CheckinAnswer, CheckinAnsweredBy};

/// SHA-256 of a token.
pub(crate) type TokenHash = [u8; 32];

/// State of a check-in, with the data that exists in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CheckinState {
    /// Waits for its date, for the others of its mail, or for another attempt.
    Scheduled(Planned),
    /// May be in the inbox: its mail is being handed over, or the outcome of that is unknown.
    Sending(Attempt),
    /// Waits for an answer.
    Sent(Delivered),
    Answered {
        answer: GivenAnswer,
        delivery: Delivery,
    },
    /// Its links ended without an answer; the reason is set if new ones replaced them.
    Expired {
        reason: Option<String>,
        delivery: Delivery,
    },
    Cancelled {
        reason: String,
        delivery: Delivery,
    },
    Failed {
        reason: String,
        delivery: Delivery,
    },
}

/// Progress of the mail of a check-in, which goes on after an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Planned(Planned),
    Sending(Attempt),
    Sent(Delivered),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Planned {
    pub mail: Option<CheckinMailId>,
    /// Set once its mail was first composed.
    pub token: Option<TokenHash>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub mail: CheckinMailId,
    pub token: TokenHash,
    /// Time of the first attempt that may have succeeded.
    pub since: OffsetDateTime,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub mail: CheckinMailId,
    pub token: TokenHash,
    pub at: OffsetDateTime,
    /// End of its links.
    pub expires_at: OffsetDateTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GivenAnswer {
    pub answer: CheckinAnswer,
    pub by: CheckinAnsweredBy,
    pub at: OffsetDateTime,
    /// Payment that the answer recorded.
    pub payment: Option<PaymentId>,
    /// Id shared by the answers of a mail that were given together.
    pub with: Option<Uuid>,
}

/// Event in the life of a check-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CheckinEvent {
    /// It is put into a mail.
    Gathered {
        mail: CheckinMailId,
    },
    /// A pause or an unverified sender holds it back: it leaves its mail.
    PutBack,
    /// A worker is about to hand its mail to the mail server.
    Claimed {
        token: TokenHash,
        at: OffsetDateTime,
    },
    /// The mail server certainly did not take the mail at the attempt that began at `began`.
    NotTaken {
        began: OffsetDateTime,
    },
    Sent {
        at: OffsetDateTime,
        expires_at: OffsetDateTime,
    },
    GivenUp {
        reason: Reason,
    },
    Answered(GivenAnswer),
    /// Its answer was given together with others of its mail.
    AnsweredTogether {
        with: Uuid,
    },
    /// A machine may have given its answer.
    Suspected {
        is_replaced: bool,
    },
    Expired,
    /// New links replace the ones that were sent.
    Renewed,
    Cancelled {
        reason: Reason,
    },
}

/// The event is not possible in the check-in's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a check-in that is {from} cannot be {event}")]
pub(crate) struct Rejected {
    pub from: &'static str,
    pub event: &'static str,
}

impl CheckinState {
    /// Returns the state after an event. A check-in whose mail may be in the inbox stays in that mail, so that another
    /// attempt sends the same one; an answer to it counts, and its delivery goes on.
    ///
    /// # Errors
    /// [`Rejected`] if the event is not possible in this state.
    pub fn apply(self, event: CheckinEvent) -> Result<Self, Rejected> {
        use CheckinEvent as Event;

        let rejected = Rejected { from: self.name(), event: event.name() };
        match (event, self) {
            (Event::Gathered { mail }, Self::Scheduled(planned)) => {
                Ok(Self::Scheduled(Planned { mail: Some(mail), ..planned }))
            }
            (Event::PutBack, sending @ Self::Sending(_)) => Ok(sending),
            (
                Event::PutBack,
                Self::Scheduled(planned) | Self::Failed { delivery: Delivery::Planned(planned), .. },
            ) => Ok(Self::Scheduled(Planned { mail: None, ..planned })),
            (Event::Claimed { token, .. }, Self::Sending(attempt)) => {
                Ok(Self::Sending(Attempt { token, ..attempt }))
            }
            (
                Event::Claimed { token, at },
                Self::Scheduled(Planned { mail: Some(mail), .. })
                | Self::Failed { delivery: Delivery::Planned(Planned { mail: Some(mail), .. }), .. },
            ) => Ok(Self::Sending(Attempt { mail, token, since: at })),
            (Event::NotTaken { began }, state) => match state.attempt() {
                Some(attempt) if began - attempt.since < STORED_INSTANT_TOLERANCE => {
                    Ok(state.with(Attempt::ended))
                }
                // An earlier attempt may have succeeded.
                Some(_) => Ok(state),
                None => Err(rejected),
            },
            (Event::Sent { at, expires_at }, state) if state.attempt().is_some() => {
                Ok(state.with(|attempt| attempt.delivered(at, expires_at)))
            }
            (Event::GivenUp { reason }, state @ (Self::Scheduled(_) | Self::Sending(_))) => {
                let delivery = state.with(Attempt::ended).into_delivery();
                Ok(Self::Failed { reason: reason.as_str().to_owned(), delivery })
            }
            (Event::GivenUp { .. }, state) if state.attempt().is_some() => Ok(state.with(Attempt::ended)),
            (Event::Answered(answer), Self::Answered { answer: before, delivery }) => {
                Ok(Self::Answered { answer: GivenAnswer { with: before.with, ..answer }, delivery })
            }
            (Event::Answered(answer), state) if state.is_open() => {
                Ok(Self::Answered { answer, delivery: state.into_delivery() })
            }
            (Event::AnsweredTogether { with }, Self::Answered { answer, delivery }) => {
                Ok(Self::Answered { answer: GivenAnswer { with: Some(with), ..answer }, delivery })
            }
            (Event::Suspected { is_replaced: true }, Self::Answered { delivery, .. }) => {
                Ok(Self::Expired { reason: None, delivery })
            }
            (Event::Suspected { is_replaced: false }, Self::Answered { delivery, .. }) => {
                Ok(Self::open(delivery))
            }
            (Event::Expired, state) if state.is_open() => {
                Ok(Self::Expired { reason: None, delivery: state.into_delivery() })
            }
            (Event::Renewed, Self::Sent(delivered)) => {
                let reason = Some(Reason::Renewed.as_str().to_owned());
                Ok(Self::Expired { reason, delivery: Delivery::Sent(delivered) })
            }
            (Event::Cancelled { reason }, state)
                if state.is_open() || matches!(state, Self::Failed { .. }) =>
            {
                Ok(Self::Cancelled { reason: reason.as_str().to_owned(), delivery: state.into_delivery() })
            }
            _ => Err(rejected),
        }
    }

    /// Returns the state of a check-in that takes an answer.
    pub const fn open(delivery: Delivery) -> Self {
        match delivery {
            Delivery::Planned(planned) => Self::Scheduled(planned),
            Delivery::Sending(attempt) => Self::Sending(attempt),
            Delivery::Sent(delivered) => Self::Sent(delivered),
        }
    }

    const fn is_open(&self) -> bool {
        matches!(self, Self::Scheduled(_) | Self::Sending(_) | Self::Sent(_))
    }

    /// Returns the attempt whose outcome is not recorded.
    pub const fn attempt(&self) -> Option<&Attempt> {
        match self {
            Self::Sending(attempt)
            | Self::Answered { delivery: Delivery::Sending(attempt), .. }
            | Self::Expired { delivery: Delivery::Sending(attempt), .. }
            | Self::Cancelled { delivery: Delivery::Sending(attempt), .. }
            | Self::Failed { delivery: Delivery::Sending(attempt), .. } => Some(attempt),
            _ => None,
        }
    }

    pub fn into_delivery(self) -> Delivery {
        match self {
            Self::Scheduled(planned) => Delivery::Planned(planned),
            Self::Sending(attempt) => Delivery::Sending(attempt),
            Self::Sent(delivered) => Delivery::Sent(delivered),
            Self::Answered { delivery, .. }
            | Self::Expired { delivery, .. }
            | Self::Cancelled { delivery, .. }
            | Self::Failed { delivery, .. } => delivery,
        }
    }

    /// Replaces the attempt that is under way, if there is one, by its outcome.
    fn with(self, outcome: impl FnOnce(Attempt) -> Delivery) -> Self {
        let replaced = |delivery| match delivery {
            Delivery::Sending(attempt) => outcome(attempt),
            other => other,
        };
        match self {
            Self::Scheduled(_) | Self::Sending(_) | Self::Sent(_) => {
                Self::open(replaced(self.into_delivery()))
            }
            Self::Answered { answer, delivery } => Self::Answered { answer, delivery: replaced(delivery) },
            Self::Expired { reason, delivery } => Self::Expired { reason, delivery: replaced(delivery) },
            Self::Cancelled { reason, delivery } => Self::Cancelled { reason, delivery: replaced(delivery) },
            Self::Failed { reason, delivery } => Self::Failed { reason, delivery: replaced(delivery) },
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Scheduled(_) => "scheduled",
            Self::Sending(_) => "being sent",
            Self::Sent(_) => "sent",
            Self::Answered { .. } => "answered",
            Self::Expired { .. } => "expired",
            Self::Cancelled { .. } => "cancelled",
            Self::Failed { .. } => "failed",
        }
    }
}

impl Attempt {
    const fn ended(self) -> Delivery {
        Delivery::Planned(Planned { mail: Some(self.mail), token: Some(self.token) })
    }

    const fn delivered(self, at: OffsetDateTime, expires_at: OffsetDateTime) -> Delivery {
        Delivery::Sent(Delivered { mail: self.mail, token: self.token, at, expires_at })
    }
}

impl CheckinEvent {
    const fn name(&self) -> &'static str {
        match self {
            Self::Gathered { .. } => "gathered",
            Self::PutBack => "put back",
            Self::Claimed { .. } => "claimed",
            Self::NotTaken { .. } => "recorded as not taken",
            Self::Sent { .. } => "recorded as sent",
            Self::GivenUp { .. } => "given up",
            Self::Answered(_) => "answered",
            Self::AnsweredTogether { .. } => "answered together with others",
            Self::Suspected { .. } => "suspected",
            Self::Expired => "expired",
            Self::Renewed => "renewed",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

/// A rejection that no check of a use case has foreseen lets its transaction fail.
impl From<Rejected> for diesel::result::Error {
    fn from(rejected: Rejected) -> Self {
        Self::QueryBuilderError(Box::new(rejected))
    }
}

#[cfg(test)]
mod tests;
