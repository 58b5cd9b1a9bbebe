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
    /// Whose subscription; part of the idempotency key.
    pub organization_id: OrganizationId,
    /// What makes the request one of a kind: asking again with the same one gives the same session, and is
    /// refused when anything else differs. Short; letters, digits and dashes.
    pub request_id: String,
    /// The organization's customer.
    pub customer: CustomerId,
    /// What is subscribed to.
    pub price: PriceId,
    /// Where to go once the card was taken; Stripe puts the session's id in place of `{CHECKOUT_SESSION_ID}`.
    pub success_url: String,
    /// Where to go on giving up.
    pub cancel_url: String,
    /// A trial before the first charge.
    pub trial: Option<TrialTerms>,
    /// Kept on the session and on the subscription.
    pub metadata: BTreeMap<String, String>,
}

/// A trial: the card is collected, and charged when the trial ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrialTerms {
    /// How long it lasts, in days of 24 hours from the moment that Checkout is completed.
    pub days: u32,
}

/// A session that waits for the customer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckoutSession {
    /// Stripe's id.
    pub id: CheckoutSessionId,
    /// The page to send the browser to; valid for a day.
    pub url: String,
}

/// The state of a session.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckoutState {
    /// Its state: open for the customer, completed or ended.
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
    /// A card was taken.
    Complete,
    /// It can no longer be completed.
    Expired,
}

/// What `checkout.session.completed` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CompletedCheckout {
    /// The session.
    pub id: CheckoutSessionId,
    /// Who completed it.
    #[serde(default, deserialize_with = "json::optional_id")]
    pub customer: Option<CustomerId>,
    /// The subscription that it made; `None` for sessions that make none.
    #[serde(default, deserialize_with = "json::optional_id")]
    pub subscription: Option<SubscriptionId>,
    /// What was given with the session.
    #[serde(default, deserialize_with = "json::null_as_default")]
    pub metadata: BTreeMap<String, String>,
}

/// Reads the Checkout session of an event.
///
/// # Errors
/// When it is none.
pub fn parse_completed_checkout(value: &Value) -> Result<CompletedCheckout, MalformedObject> {
    json::read("Checkout session", value)
}
