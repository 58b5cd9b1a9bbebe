//! Failures of calls to Stripe.

use thiserror::Error;

/// A failure of a call to Stripe.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StripeError {
    /// At every attempt there was no response, an unreadable one, a 5xx or a 429. The request may or may
    /// not have had an effect; repeating it under the same idempotency key is safe.
    #[error("Stripe is unavailable: {reason}")]
    Unavailable {
        /// The result of the last attempt, for operations; never a secret, never Stripe's words.
        reason: String,
        /// The HTTP status of the last response; `None` if Stripe sent none.
        status: Option<u16>,
    },
    /// Stripe understood and refused; a retry changes nothing. Stripe's words are left out: they quote
    /// the request, addresses included.
    #[error("Stripe refused ({status}, {code}, {})", param.as_deref().unwrap_or("no field"))]
    Refused {
        /// Stripe's error code (`card_declined`), or the error's type if it has no code
        /// (`idempotency_error`).
        code: String,
        /// The field that is wrong (`customer`), if Stripe names one.
        param: Option<String>,
        /// The HTTP status, 400 to 499. A 401 or 403 means that our key is wrong.
        status: u16,
    },
    /// Stripe has no such object, or no active price has this lookup key.
    #[error("Stripe has no {what}")]
    NotFound {
        /// The requested object.
        what: String,
    },
    /// Stripe sent a response that this program does not understand.
    #[error("Stripe sent an unexpected response: {reason}")]
    Unexpected {
        /// The reason why the response is not understood.
        reason: String,
    },
}

impl StripeError {
    /// Returns true if the same call may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Returns true if Stripe has no such customer, or has it no more: the error of a Checkout or the
    /// portal for a deleted customer, and of [`crate::StripeGateway::subscriptions_of`].
    #[must_use]
    pub fn is_missing_customer(&self) -> bool {
        match self {
            Self::Refused { code, param, .. } => {
                code == "resource_missing" && param.as_deref() == Some("customer")
            }
            _ => false,
        }
    }

    /// Returns true if Stripe itself reported a failure (5xx), rather than no response or another one.
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
    /// The expected kind of object.
    pub kind: &'static str,
    /// The reason why the value is not that object.
    pub reason: String,
}
