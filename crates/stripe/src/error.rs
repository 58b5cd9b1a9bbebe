//! Why Stripe did not do what was asked.

use thiserror::Error;

/// Why a call to Stripe failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StripeError {
    /// No answer, an answer nobody can read, a 5xx or a 429, and that at every attempt. What was asked may or
    /// may not have happened; asking again under the same idempotency key is safe.
    #[error("Stripe cannot be reached or does not answer properly: {reason}")]
    Unavailable {
        /// What the last attempt met, for operations; never a secret, never Stripe's words.
        reason: String,
        /// The HTTP status of the last answer; `None` when none came that is Stripe's.
        status: Option<u16>,
    },
    /// Stripe understood and said no; asking again changes nothing. Stripe's words are left out: they quote
    /// what was sent, addresses included.
    #[error("Stripe refused ({status}, {code}, {})", param.as_deref().unwrap_or("no field"))]
    Refused {
        /// Stripe's error code (`card_declined`), or the error's type where it has no code
        /// (`idempotency_error`).
        code: String,
        /// The field that is wrong (`customer`), where it is one.
        param: Option<String>,
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

    /// Whether Stripe has no such customer, or not any more: what a Checkout or the portal of a customer is
    /// answered who was deleted, and what [`crate::StripeGateway::subscriptions_of`] is.
    #[must_use]
    pub fn is_missing_customer(&self) -> bool {
        match self {
            Self::Refused { code, param, .. } => {
                code == "resource_missing" && param.as_deref() == Some("customer")
            }
            _ => false,
        }
    }

    /// Whether Stripe itself answered that it failed (5xx), rather than nobody or with something else.
    pub(crate) fn is_failure_of_stripe(&self) -> bool {
        matches!(self, Self::Unavailable { status: Some(500..), .. })
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
