//! Stripe's invoices to our customers, as the events about payments carry them.

use std::collections::BTreeMap;

use rubis_kernel::Currency;
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

use crate::error::MalformedObject;
use crate::ids::{CustomerId, StripeInvoiceId, SubscriptionId};
use crate::json::{self, Instant};
use crate::price::parse_currency;

/// The invoice of an event about a payment. Its customer and subscription must be readable; the other
/// fields, on which nothing depends, are `None` if they are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeInvoice {
    pub id: StripeInvoiceId,
    pub customer: Option<CustomerId>,
    /// The subscription that it is for; `None` for a single charge.
    pub subscription: Option<SubscriptionId>,
    /// Amount owed, in the smallest unit that Stripe counts the currency in.
    pub amount_due_cents: Option<i64>,
    /// The currency; `None` if it is unknown here.
    pub currency: Option<Currency>,
    /// Number of Stripe's attempts to charge it.
    pub attempt_count: Option<u32>,
    /// Time of Stripe's next attempt; `None` if it has given up.
    pub next_payment_attempt: Option<OffsetDateTime>,
    /// Stripe's page on which it can be paid.
    pub hosted_url: Option<String>,
    /// The metadata of the subscription, as it was when the invoice was created.
    pub subscription_metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct RawInvoice {
    id: StripeInvoiceId,
    #[serde(default, deserialize_with = "json::optional_id")]
    customer: Option<CustomerId>,
    /// The field in versions before 2025-03-31.
    #[serde(default, deserialize_with = "json::optional_id")]
    subscription: Option<SubscriptionId>,
    #[serde(default)]
    subscription_details: Option<RawSubscriptionDetails>,
    /// The field in later versions.
    #[serde(default)]
    parent: Option<RawParent>,
    #[serde(default, deserialize_with = "json::readable")]
    amount_due: Option<i64>,
    #[serde(default, deserialize_with = "json::readable")]
    currency: Option<String>,
    #[serde(default, deserialize_with = "json::readable")]
    attempt_count: Option<u32>,
    #[serde(default, deserialize_with = "json::readable")]
    next_payment_attempt: Option<Instant>,
    #[serde(default, deserialize_with = "json::readable")]
    hosted_invoice_url: Option<String>,
}

#[derive(Deserialize)]
struct RawParent {
    #[serde(default)]
    subscription_details: Option<RawSubscriptionDetails>,
}

#[derive(Deserialize)]
struct RawSubscriptionDetails {
    #[serde(default, deserialize_with = "json::optional_id")]
    subscription: Option<SubscriptionId>,
    #[serde(default, deserialize_with = "json::null_as_default")]
    metadata: BTreeMap<String, String>,
}

/// Reads the invoice of an event, written by any version of the API.
///
/// # Errors
/// The value is not such an object.
pub fn parse_invoice(value: &Value) -> Result<StripeInvoice, MalformedObject> {
    let raw: RawInvoice = json::read("invoice", value)?;
    let details = raw.parent.and_then(|parent| parent.subscription_details).or(raw.subscription_details);
    let (subscription, subscription_metadata) =
        details.map(|details| (details.subscription, details.metadata)).unwrap_or_default();
    Ok(StripeInvoice {
        id: raw.id,
        customer: raw.customer,
        subscription: raw.subscription.or(subscription),
        amount_due_cents: raw.amount_due,
        currency: raw.currency.as_deref().and_then(parse_currency),
        attempt_count: raw.attempt_count,
        next_payment_attempt: raw.next_payment_attempt.map(|instant| instant.0),
        hosted_url: raw.hosted_invoice_url,
        subscription_metadata,
    })
}

#[cfg(test)]
#[path = "invoice_tests.rs"]
mod tests;
