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

/// What `invoice.payment_failed` says of the invoice. Whose and for what it is must be readable; the rest, of
/// which nothing depends, is `None` where it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeInvoice {
    /// Stripe's id.
    pub id: StripeInvoiceId,
    /// Who owes it.
    pub customer: Option<CustomerId>,
    /// The subscription that it is for; `None` for a single charge.
    pub subscription: Option<SubscriptionId>,
    /// Amount owed, in the smallest unit that Stripe counts the currency in.
    pub amount_due_cents: Option<i64>,
    /// In which currency; `None` when we do not know it.
    pub currency: Option<Currency>,
    /// How often Stripe has tried to charge it.
    pub attempt_count: Option<u32>,
    /// When Stripe tries next; `None` when it has given up.
    pub next_payment_attempt: Option<OffsetDateTime>,
    /// Stripe's page on which it can be paid.
    pub hosted_url: Option<String>,
    /// The metadata of the subscription, as it was when the invoice was made.
    pub subscription_metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct RawInvoice {
    id: StripeInvoiceId,
    #[serde(default, deserialize_with = "json::optional_id")]
    customer: Option<CustomerId>,
    /// Where versions before 2025-03-31 have it.
    #[serde(default, deserialize_with = "json::optional_id")]
    subscription: Option<SubscriptionId>,
    #[serde(default)]
    subscription_details: Option<RawSubscriptionDetails>,
    /// Where later versions have it.
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

/// Reads the invoice of an event, whichever version of the API wrote it.
///
/// # Errors
/// When it is none.
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
