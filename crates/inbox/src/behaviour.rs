//! Failures that an inbox can simulate.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Deliberate failures of an inbox; the default has none.
///
/// At each [`Stage`] the faults are checked in order. The delays of all matching faults are applied, and the first
/// matching fault of another kind decides.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Behaviour {
    /// Faults, in the order in which they are checked.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

impl Behaviour {
    /// Creates a server that accepts every mail.
    pub fn normal() -> Self {
        Self::default()
    }

    /// Creates a server with this one fault.
    pub fn with(fault: Fault) -> Self {
        Self { faults: vec![fault] }
    }

    /// Adds a fault, checked after those already there.
    #[must_use]
    pub fn and(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Rejects a behaviour that could not be simulated.
    ///
    /// # Errors
    /// Names the first fault whose reply code, fraction or stage is invalid.
    pub fn validate(&self) -> Result<(), InvalidBehaviour> {
        self.faults.iter().enumerate().try_for_each(|(index, fault)| fault.validate(index))
    }
}

/// One fault: its stage, its effect, and the affected mails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Stage of the SMTP conversation.
    pub stage: Stage,
    /// Replaces the normal reply.
    pub action: Action,
    /// Number of times that it happens before the fault is spent; `None` for no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Share of occasions on which it happens, above 0 and up to 1, evenly spread rather than random: 0.25 is every
    /// fourth time, so that a run can be repeated.
    #[serde(default = "always")]
    pub fraction: f64,
    /// Restricts the fault to mails with a recipient that contains this text (ASCII case is ignored). Such a fault
    /// never happens before a recipient is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
}

fn always() -> f64 {
    1.0
}

impl Fault {
    fn new(stage: Stage, action: Action) -> Self {
        Self { stage, action, times: None, fraction: always(), recipient: None }
    }

    /// Replies with a code (400 to 599).
    pub fn reply(stage: Stage, code: u16) -> Self {
        Self::new(stage, Action::Reply { code })
    }

    /// Closes the connection without a reply; the mail is not kept.
    pub fn close(stage: Stage) -> Self {
        Self::new(stage, Action::Close)
    }

    /// Keeps the mail, then closes the connection before the reply.
    pub fn accept_and_close() -> Self {
        Self::new(Stage::Message, Action::AcceptAndClose)
    }

    /// Delays the reply by this many milliseconds.
    pub fn delay(stage: Stage, milliseconds: u64) -> Self {
        Self::new(stage, Action::Delay { milliseconds })
    }

    /// Limits the fault to this many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Limits the fault to this share of the occasions.
    #[must_use]
    pub fn fraction(mut self, fraction: f64) -> Self {
        self.fraction = fraction;
        self
    }

    /// Restricts the fault to mails with such a recipient.
    #[must_use]
    pub fn for_recipient(mut self, text: impl Into<String>) -> Self {
        self.recipient = Some(text.into());
        self
    }

    fn validate(&self, index: usize) -> Result<(), InvalidBehaviour> {
        if let Action::Reply { code } = self.action
            && !(400..=599).contains(&code)
        {
            return Err(InvalidBehaviour::Code { index, code });
        }
        if !(self.fraction > 0.0 && self.fraction <= 1.0) {
            return Err(InvalidBehaviour::Fraction { index });
        }
        if self.action == Action::AcceptAndClose && self.stage != Stage::Message {
            return Err(InvalidBehaviour::NothingToAccept { index });
        }
        Ok(())
    }
}

/// Stage of the SMTP conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Greeting, before the client has sent anything.
    Connect,
    /// Reply to `MAIL FROM`.
    Mail,
    /// Reply to each `RCPT TO`.
    Recipient,
    /// Reply to `DATA`, before the content.
    Data,
    /// Reply to the message, after all of its content has arrived.
    Message,
}

/// Effect that replaces the normal reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind", deny_unknown_fields)]
pub enum Action {
    /// Sends a negative reply. 421 also closes the connection, as the standard requires.
    Reply {
        /// SMTP code, 400 to 599.
        code: u16,
    },
    /// Closes the connection without a reply; the mail is not kept.
    Close,
    /// Keeps the mail, but closes the connection before the reply ([`Stage::Message`] only).
    AcceptAndClose,
    /// Delays the reply; the following faults are still checked.
    Delay {
        /// Delay in milliseconds.
        milliseconds: u64,
    },
}

/// Reasons why a behaviour cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidBehaviour {
    /// The code does not stand for a failure.
    #[error("faults[{index}]: {code} is no failure, a code from 400 to 599 is needed")]
    Code { index: usize, code: u16 },
    /// The fraction is not a share.
    #[error("faults[{index}]: the fraction must be above 0 and at most 1")]
    Fraction { index: usize },
    /// There is no message to accept at this stage.
    #[error("faults[{index}]: acceptAndClose is only possible at the stage \"message\"")]
    NothingToAccept { index: usize },
}
