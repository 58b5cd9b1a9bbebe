//! Refusals of `rubis-billing`, and failures of Stripe.

use actix_web::http::{
    StatusCode,
    header::{self, HeaderValue},
};
use rubis_billing::{CustomerError, OpenPortalError, StartCheckoutError, StartTrialError};
use rubis_stripe::{SignatureError, StripeError};

use super::ApiError;

/// Seconds after which a client may retry a failed call to Stripe.
const STRIPE_PAUSE: u32 = 5;

impl ApiError {
    /// Returns the refusal of a server that is set up without Stripe.
    #[must_use]
    pub fn billing_unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "billing_unavailable",
            "This server is set up without Stripe, so subscriptions cannot be changed.",
        )
    }

    /// Returns the refusal of a delivery without a signature.
    #[must_use]
    pub fn signature_missing() -> Self {
        refused_delivery("signature_missing", "The Stripe-Signature header is missing.")
    }
}

impl From<StripeError> for ApiError {
    fn from(error: StripeError) -> Self {
        match error {
            StripeError::Unavailable { .. } => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "stripe_unavailable",
                "Stripe does not respond. Retry shortly.",
            )
            .with_header(header::RETRY_AFTER, HeaderValue::from(STRIPE_PAUSE)),
            StripeError::Refused { .. } => bad_gateway("stripe_refused", "Stripe refused the request."),
            StripeError::NotFound { .. } => bad_gateway(
                "stripe_object_missing",
                "Stripe has no such price or customer. Complete the setup of the Stripe account.",
            ),
            StripeError::Unexpected { .. } => {
                bad_gateway("stripe_unexpected_answer", "Stripe sent a response that cannot be understood.")
            }
        }
        .caused_by(error)
    }
}

impl From<CustomerError> for ApiError {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::NoOwner => Self::internal(error),
            CustomerError::Stripe(error) => error.into(),
            CustomerError::Pool(error) => error.into(),
            CustomerError::Database(error) => error.into(),
        }
    }
}

impl From<StartCheckoutError> for ApiError {
    fn from(error: StartCheckoutError) -> Self {
        match error {
            StartCheckoutError::AlreadySubscribed => Self::conflict(
                "already_subscribed",
                "The organization has a subscription. Change it in the portal.",
            ),
            StartCheckoutError::Customer(error) => error.into(),
        }
    }
}

impl From<StartTrialError> for ApiError {
    fn from(error: StartTrialError) -> Self {
        match error {
            StartTrialError::AlreadyConsumed => Self::conflict(
                "trial_already_consumed",
                "The organization had its trial, or has a subscription.",
            ),
            StartTrialError::Customer(error) => error.into(),
        }
    }
}

impl From<OpenPortalError> for ApiError {
    fn from(error: OpenPortalError) -> Self {
        match error {
            OpenPortalError::NoCustomer => Self::conflict(
                "no_stripe_customer",
                "The organization has no Stripe customer yet. Start a checkout first.",
            ),
            OpenPortalError::Stripe(error) => error.into(),
            OpenPortalError::Pool(error) => error.into(),
            OpenPortalError::Database(error) => error.into(),
        }
    }
}

impl From<SignatureError> for ApiError {
    fn from(error: SignatureError) -> Self {
        let (code, detail) = match error {
            SignatureError::Malformed => {
                ("signature_malformed", "The Stripe-Signature header is not of the form t=…,v1=….")
            }
            SignatureError::NoSignature => {
                ("signature_without_v1", "The Stripe-Signature header carries no v1 signature.")
            }
            SignatureError::Mismatch => {
                ("signature_mismatch", "The signature was made of another body or with another secret.")
            }
            SignatureError::Stale => ("signature_stale", "The signature is too old."),
            SignatureError::Future => {
                ("signature_from_the_future", "The signature is dated in the future. Check the clocks.")
            }
            SignatureError::NotAnEvent(_) => ("not_an_event", "The body is not an event of Stripe's."),
        };
        refused_delivery(code, detail)
    }
}

fn refused_delivery(code: &'static str, detail: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, code, detail)
}

fn bad_gateway(code: &'static str, detail: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_GATEWAY, code, detail)
}
