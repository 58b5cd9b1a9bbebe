//! Why Stripe did not do what was asked.

use thiserror::Error;

/// Why a call to Stripe failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StripeError {
    /// No answer, an answer nobody can read, a 5xx or a 429, and that at every attempt. What was asked may or
    /// may not have happened; asking again under the same idempotency key is safe.
    #[error("Stripe cannot be reached or does not answer properly: {reason}")]
    Unavailable {
        /// What the last attempt met, for operations; never a secret.
        reason: String,
    },
    /// Stripe understood and said no; asking again changes nothing.
    #[error("Stripe refused ({status}, {code}): {message}")]
    Refused {
        /// Stripe's error code (`card_declined`), or the error's type where it has no code
        /// (`idempotency_error`).
        code: String,
        /// Stripe's words, in English, for operations.
        message: String,
        /// The HTTP status, 400 to 499. A 401 or 403 means that our key is wrong.
        status: u16,
    },
    /// Stripe has no such object, or no active price has this lookup key.
    #[error("Stripe has no {what}")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// Stripe answered something that this program does not understand.
    #[error("Stripe answered something unexpected: {reason}")]
    Unexpected {
        /// What is strange about it.
        reason: String,
    },
}

impl StripeError {
    /// Whether the same call may work later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

impl From<MalformedObject> for StripeError {
    fn from(error: MalformedObject) -> Self {
        Self::Unexpected { reason: error.to_string() }
    }
}

/// A JSON value is not the Stripe object that it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a {kind} of Stripe's: {reason}")]
pub struct MalformedObject {
    /// What was expected.
    pub kind: &'static str,
    /// What is missing or wrong.
    pub reason: String,
}
