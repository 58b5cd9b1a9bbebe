//! The failures that an inbox can be told to play.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Everything an inbox does wrong on purpose; the default does nothing wrong.
///
/// At each [`Stage`] the faults are asked in order. Every matching delay is waited for, and the first
/// matching fault of another kind decides.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Behaviour {
    /// The faults, in the order in which they are asked.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

impl Behaviour {
    /// A server that takes every mail.
    pub fn normal() -> Self {
        Self::default()
    }

    /// A server with this one fault.
    pub fn with(fault: Fault) -> Self {
        Self { faults: vec![fault] }
    }

    /// Adds a fault, asked after those already there.
    #[must_use]
    pub fn and(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Refuses what could not be played.
    ///
    /// # Errors
    /// Names the first fault whose reply code, fraction or stage makes no sense.
    pub fn validate(&self) -> Result<(), InvalidBehaviour> {
        self.faults.iter().enumerate().try_for_each(|(index, fault)| fault.validate(index))
    }
}

/// One failure: where, what, and for which mails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// The moment of the SMTP conversation.
    pub stage: Stage,
    /// What happens instead of the normal answer.
    pub action: Action,
    /// How many times it happens before the fault is spent; `None` is for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The share of occasions on which it happens, above 0 and up to 1, evenly spread rather than random:
    /// 0.25 is every fourth time, so that a run can be repeated.
    #[serde(default = "always")]
    pub fraction: f64,
    /// Only mails with a recipient that contains this text (ASCII case does not count). Such a fault
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

    /// Answers with a reply code (400 to 599).
    pub fn reply(stage: Stage, code: u16) -> Self {
        Self::new(stage, Action::Reply { code })
    }

    /// Closes the connection without a word; the mail is not kept.
    pub fn close(stage: Stage) -> Self {
        Self::new(stage, Action::Close)
    }

    /// Keeps the mail, then closes the connection before saying so.
    pub fn accept_and_close() -> Self {
        Self::new(Stage::Message, Action::AcceptAndClose)
    }

    /// Answers late, by this many milliseconds.
    pub fn delay(stage: Stage, milliseconds: u64) -> Self {
        Self::new(stage, Action::Delay { milliseconds })
    }

    /// Happens this many times, then never again.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Happens on this share of the occasions.
    #[must_use]
    pub fn fraction(mut self, fraction: f64) -> Self {
        self.fraction = fraction;
        self
    }

    /// Happens only to mails with such a recipient.
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

/// A moment of the SMTP conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// The greeting, before the client has said anything.
    Connect,
    /// The answer to `MAIL FROM`.
    Mail,
    /// The answer to each `RCPT TO`.
    Recipient,
    /// The answer to `DATA`, before the content.
    Data,
    /// The answer to the message, once all of its content has arrived.
    Message,
}

/// What happens instead of the normal answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind", deny_unknown_fields)]
pub enum Action {
    /// A negative reply. 421 also closes the connection, as the standard asks.
    Reply {
        /// The SMTP code, 400 to 599.
        code: u16,
    },
    /// The connection is closed without an answer, and the mail is not kept.
    Close,
    /// The mail is kept, but the connection is closed before the answer ([`Stage::Message`] only).
    AcceptAndClose,
    /// The answer comes late; the next faults are still asked.
    Delay {
        /// How late, in milliseconds.
        milliseconds: u64,
    },
}

/// Why a behaviour cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidBehaviour {
    /// The code is not one of a failure.
    #[error("faults[{index}]: {code} is no failure, a code from 400 to 599 is needed")]
    Code {
        /// Position of the fault.
        index: usize,
        /// The code that was given.
        code: u16,
    },
    /// The fraction is not a share.
    #[error("faults[{index}]: the fraction must be above 0 and at most 1")]
    Fraction {
        /// Position of the fault.
        index: usize,
    },
    /// Accepting before there is a message.
    #[error("faults[{index}]: acceptAndClose is only possible at the stage \"message\"")]
    NothingToAccept {
        /// Position of the fault.
        index: usize,
    },
}
