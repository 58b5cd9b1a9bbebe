//! Checkout sessions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::seconds;

/// A Checkout that starts a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckoutSession {
    /// `cs_test_…`.
    pub id: String,
    /// Time at which it was opened.
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    pub customer: String,
    pub price: String,
    /// The target once it is completed, as it was given.
    pub success_url: String,
    /// The target if it is abandoned.
    pub cancel_url: String,
    /// Days of trial before the first charge.
    pub trial_days: Option<u32>,
    /// Our own name for it.
    pub client_reference_id: Option<String>,
    /// The metadata given with it.
    pub metadata: BTreeMap<String, String>,
    /// The metadata of the future subscription.
    pub subscription_metadata: BTreeMap<String, String>,
    pub status: CheckoutStatus,
    /// The subscription that its completion created.
    pub subscription: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CheckoutStatus {
    /// It waits for the customer.
    Open,
    /// A card was entered.
    Complete,
    /// It was ended before.
    Expired,
}

/// Time in which a session can be completed.
const LIFETIME: Duration = Duration::days(1);

impl CheckoutSession {
    /// Returns true if it was ended, or its lifetime has passed.
    pub(crate) fn is_expired(&self, now: OffsetDateTime) -> bool {
        match self.status {
            CheckoutStatus::Open => now >= self.created + LIFETIME,
            CheckoutStatus::Complete => false,
            CheckoutStatus::Expired => true,
        }
    }

    /// Returns the target of the browser once it is completed.
    pub(crate) fn filled_success_url(&self) -> String {
        self.success_url.replace("{CHECKOUT_SESSION_ID}", &self.id)
    }

    /// Returns the object as Stripe writes it.
    pub(crate) fn json(&self, public_url: &str, now: OffsetDateTime) -> Value {
        let complete = self.status == CheckoutStatus::Complete;
        let expired = self.is_expired(now);
        let status = match (complete, expired) {
            (true, _) => "complete",
            (false, true) => "expired",
            (false, false) => "open",
        };
        let payment_status = match (complete, self.trial_days) {
            (true, Some(_)) => "no_payment_required",
            (true, None) => "paid",
            (false, _) => "unpaid",
        };
        json!({
            "id": self.id,
            "object": "checkout.session",
            "allow_promotion_codes": true,
            "cancel_url": self.cancel_url,
            "client_reference_id": self.client_reference_id,
            "created": seconds(self.created),
            "currency": "eur",
            "customer": self.customer,
            "expires_at": seconds(self.created + LIFETIME),
            "livemode": false,
            "locale": "fr",
            "metadata": self.metadata,
            "mode": "subscription",
            "payment_method_collection": "always",
            "payment_status": payment_status,
            "status": status,
            "subscription": self.subscription,
            "success_url": self.success_url,
            "url": (!complete && !expired).then(|| format!("{public_url}/checkout/{}", self.id)),
        })
    }
}
