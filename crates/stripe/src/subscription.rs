//! Subscriptions, as Stripe stores them.

use std::collections::BTreeMap;
use std::{fmt, str::FromStr};

use rubis_kernel::Currency;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use time::OffsetDateTime;

use crate::error::MalformedObject;
use crate::ids::{CustomerId, SubscriptionId};
use crate::json::{self, Instant};
use crate::price::{PriceInterval, parse_currency};

/// A subscription, as Stripe stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: SubscriptionId,
    pub customer: CustomerId,
    pub status: SubscriptionStatus,
    /// The lookup key of its price, `rubis_{plan}_{cycle}`; `None` if the price has none any more (it was
    /// given to a newer price).
    pub lookup_key: Option<String>,
    /// The amount charged each time; `None` if that is not one amount for one interval (several items,
    /// tiers, every other month) or in a currency that is unknown here.
    pub charge: Option<Charge>,
    /// Time until which it is paid, or on trial.
    pub current_period_end: Option<OffsetDateTime>,
    /// True if it ends with the period instead of being charged again.
    pub cancel_at_period_end: bool,
    /// Time at which the trial ends or ended; `None` if there never was one.
    pub trial_end: Option<OffsetDateTime>,
    /// Time at which it was created.
    pub created: OffsetDateTime,
    /// The metadata given with the Checkout that made it.
    pub metadata: BTreeMap<String, String>,
}

/// The amount that a subscription costs each time, before discounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// Amount, in the smallest unit that Stripe counts the currency in.
    pub amount_cents: i64,
    pub currency: Currency,
    pub interval: PriceInterval,
}

/// The status of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// On trial: nothing was charged yet.
    Trialing,
    /// Paid.
    Active,
    /// The last charge failed; Stripe tries again.
    PastDue,
    /// Ended.
    Canceled,
    /// The first charge waits for the customer.
    Incomplete,
    /// The first charge was not completed within a day.
    IncompleteExpired,
    /// Stripe has given up charging, but still creates invoices.
    Unpaid,
    /// The trial ended without a card.
    Paused,
}

/// No subscription has this status.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not the status of a subscription")]
pub struct UnknownStatus(pub String);

impl SubscriptionStatus {
    pub const ALL: [Self; 8] = [
        Self::Trialing,
        Self::Active,
        Self::PastDue,
        Self::Canceled,
        Self::Incomplete,
        Self::IncompleteExpired,
        Self::Unpaid,
        Self::Paused,
    ];

    /// Returns Stripe's name for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Canceled => "canceled",
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Unpaid => "unpaid",
            Self::Paused => "paused",
        }
    }

    /// Returns true if the subscription has ended permanently.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Canceled | Self::IncompleteExpired)
    }
}

impl fmt::Display for SubscriptionStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for SubscriptionStatus {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == word)
            .ok_or_else(|| UnknownStatus(word.to_owned()))
    }
}

#[derive(Deserialize)]
struct RawSubscription {
    id: SubscriptionId,
    #[serde(deserialize_with = "json::id")]
    customer: CustomerId,
    status: SubscriptionStatus,
    #[serde(default)]
    items: RawItems,
    /// The field in versions before 2025-03-31.
    #[serde(default)]
    current_period_end: Option<Instant>,
    #[serde(default)]
    cancel_at_period_end: bool,
    #[serde(default)]
    cancel_at: Option<Instant>,
    #[serde(default)]
    trial_end: Option<Instant>,
    created: Instant,
    #[serde(default, deserialize_with = "json::null_as_default")]
    metadata: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
struct RawItems {
    #[serde(default)]
    data: Vec<RawItem>,
}

#[derive(Deserialize)]
struct RawItem {
    /// The field in later versions.
    #[serde(default)]
    current_period_end: Option<Instant>,
    #[serde(default)]
    price: Option<Value>,
    /// Absent for a metered price.
    #[serde(default)]
    quantity: Option<i64>,
}

#[derive(Deserialize)]
struct RawCharge {
    unit_amount: i64,
    currency: String,
    recurring: RawRecurring,
}

#[derive(Deserialize)]
struct RawRecurring {
    interval: PriceInterval,
    #[serde(default = "every")]
    interval_count: u32,
}

fn every() -> u32 {
    1
}

impl RawItem {
    fn lookup_key(&self) -> Option<String> {
        Some(self.price.as_ref()?.get("lookup_key")?.as_str()?.to_owned())
    }

    /// Returns the price of the item. It is only displayed, so an unusual price is no reason to refuse
    /// the subscription.
    fn charge(&self) -> Option<Charge> {
        let raw: RawCharge = json::read("price", self.price.as_ref()?).ok()?;
        Some(Charge {
            amount_cents: raw.unit_amount.checked_mul(self.quantity?)?,
            currency: parse_currency(&raw.currency)?,
            interval: (raw.recurring.interval_count == 1).then_some(raw.recurring.interval)?,
        })
    }
}

/// Reads a subscription, written by any version of the API.
///
/// Later versions keep the end of the period on the subscription's item, and may write a cancellation asked for
/// in the portal as a `cancel_at` at that end rather than as `cancel_at_period_end`.
///
/// # Errors
/// The value is not such an object.
pub fn parse_subscription(value: &Value) -> Result<Subscription, MalformedObject> {
    let raw: RawSubscription = json::read("subscription", value)?;
    let item = raw.items.data.first();
    let item_period_end = item.and_then(|item| item.current_period_end);
    let charge = match raw.items.data.as_slice() {
        [only] => only.charge(),
        _ => None,
    };
    let current_period_end = raw.current_period_end.or(item_period_end).map(|instant| instant.0);
    let cancels_with_the_period =
        raw.cancel_at.is_some_and(|cancel| current_period_end.is_none_or(|end| cancel.0 <= end));
    Ok(Subscription {
        id: raw.id,
        customer: raw.customer,
        status: raw.status,
        lookup_key: item.and_then(RawItem::lookup_key),
        charge,
        current_period_end,
        cancel_at_period_end: raw.cancel_at_period_end || cancels_with_the_period,
        trial_end: raw.trial_end.map(|instant| instant.0),
        created: raw.created.0,
        metadata: raw.metadata,
    })
}

#[cfg(test)]
#[path = "subscription_tests.rs"]
mod tests;
