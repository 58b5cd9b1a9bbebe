//! Checkout: Stripe's page on which a card is given.

use std::collections::BTreeMap;

use rubis_kernel::OrganizationId;
use serde::Deserialize;
use serde_json::Value;

use crate::error::MalformedObject;
use crate::ids::{CheckoutSessionId, CustomerId, PriceId, SubscriptionId};
use crate::json;

/// A Checkout that starts a subscription to one price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCheckout {
    /// The organization that subscribes; part of the idempotency key.
    pub organization_id: OrganizationId,
    /// The identity of the request: a second request with the same id returns the same session, and is
    /// refused if anything else differs. Short; letters, digits and dashes.
    pub request_id: String,
    /// The organization's customer.
    pub customer: CustomerId,
    pub price: PriceId,
    /// The target after a completed Checkout; Stripe replaces `{CHECKOUT_SESSION_ID}` by the session's
    /// id.
    pub success_url: String,
    /// The target after an abandoned Checkout.
    pub cancel_url: String,
    /// A trial before the first charge.
    pub trial: Option<TrialTerms>,
    /// Stored on the session and on the subscription.
    pub metadata: BTreeMap<String, String>,
}

/// A trial: the card is collected, and charged when the trial ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrialTerms {
    /// The length of the trial, in days of 24 hours from the moment that Checkout is completed.
    pub days: u32,
}

/// A session that waits for the customer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckoutSession {
    pub id: CheckoutSessionId,
    /// The address of the page for the browser; valid for a day.
    pub url: String,
}

/// The state of a session.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckoutState {
    pub status: CheckoutStatus,
    /// The subscription that it made.
    #[serde(default, deserialize_with = "json::optional_id")]
    pub subscription: Option<SubscriptionId>,
}

/// The status of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckoutStatus {
    /// The customer can complete it.
    Open,
    /// A card was entered.
    Complete,
    /// It can no longer be completed.
    Expired,
}

/// The object of a `checkout.session.completed` event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CompletedCheckout {
    pub id: CheckoutSessionId,
    /// The customer who completed it.
    #[serde(default, deserialize_with = "json::optional_id")]
    pub customer: Option<CustomerId>,
    /// The subscription that it made; `None` for sessions that make none.
    #[serde(default, deserialize_with = "json::optional_id")]
    pub subscription: Option<SubscriptionId>,
    /// The metadata given with the session.
    #[serde(default, deserialize_with = "json::null_as_default")]
    pub metadata: BTreeMap<String, String>,
}

/// Reads the Checkout session of an event.
///
/// # Errors
/// The value is not such an object.
pub fn parse_completed_checkout(value: &Value) -> Result<CompletedCheckout, MalformedObject> {
    json::read("Checkout session", value)
}
