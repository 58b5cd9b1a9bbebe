//! Subscriptions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::price::Price;
use super::seconds;
use super::shape::ApiShape;

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// `sub_…`.
    pub id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    pub customer: String,
    pub price: String,
    pub status: SubscriptionStatus,
    /// Start of the current charge's period, or of the trial.
    #[serde(with = "time::serde::rfc3339")]
    pub period_start: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub period_end: OffsetDateTime,
    /// True if it ends with the period.
    pub cancel_at_period_end: bool,
    /// Time at which the cancellation was requested.
    #[serde(with = "time::serde::rfc3339::option")]
    pub canceled_at: Option<OffsetDateTime>,
    /// Time at which it ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub trial_start: Option<OffsetDateTime>,
    /// Time at which the trial ends or ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub trial_end: Option<OffsetDateTime>,
    /// The metadata given with it.
    pub metadata: BTreeMap<String, String>,
    /// The last invoice, `in_…`.
    pub latest_invoice: String,
    /// True if the next charge is to fail.
    pub next_payment_fails: bool,
    /// Number of failed charges of the unpaid invoice.
    pub failed_attempts: u32,
    /// Time at which the unpaid invoice is charged again.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_attempt: Option<OffsetDateTime>,
    /// True if the end of the trial was announced.
    pub trial_end_announced: bool,
}

/// The status of a subscription; statuses that this fake never reaches are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SubscriptionStatus {
    /// The first charge is in progress.
    Incomplete,
    /// On trial.
    Trialing,
    /// Paid.
    Active,
    /// A charge failed.
    PastDue,
    /// Ended.
    Canceled,
}

impl SubscriptionStatus {
    /// Returns Stripe's name for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Canceled => "canceled",
        }
    }

    /// Returns the status in French, for the pages.
    pub(crate) fn french(self) -> &'static str {
        match self {
            Self::Incomplete => "Premier paiement en cours",
            Self::Trialing => "Essai gratuit",
            Self::Active => "Actif",
            Self::PastDue => "Paiement en échec",
            Self::Canceled => "Résilié",
        }
    }
}

impl Subscription {
    /// Returns true if it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.status == SubscriptionStatus::Canceled
    }

    /// Returns the object as a version of Stripe's API writes it.
    pub(crate) fn json(&self, price: &Price, shape: ApiShape) -> Value {
        let (start, end) = (seconds(self.period_start), seconds(self.period_end));
        let mut item = json!({
            "id": self.id.replacen("sub_", "si_", 1),
            "object": "subscription_item",
            "created": seconds(self.created),
            "metadata": {},
            "price": price.json(),
            "quantity": 1,
            "subscription": self.id,
        });
        let mut subscription = json!({
            "id": self.id,
            "object": "subscription",
            "billing_cycle_anchor": end,
            "cancel_at": self.cancel_at_period_end.then_some(end),
            "cancel_at_period_end": self.cancel_at_period_end,
            "canceled_at": self.canceled_at.map(seconds),
            "collection_method": "charge_automatically",
            "created": seconds(self.created),
            "currency": "eur",
            "customer": self.customer,
            "default_payment_method": "pm_fake_visa",
            "ended_at": self.ended_at.map(seconds),
            "latest_invoice": self.latest_invoice,
            "livemode": false,
            "metadata": self.metadata,
            "start_date": seconds(self.created),
            "status": self.status.as_str(),
            "trial_end": self.trial_end.map(seconds),
            "trial_start": self.trial_start.map(seconds),
        });
        let holder = match shape {
            ApiShape::Classic => subscription.as_object_mut(),
            ApiShape::Items => item.as_object_mut(),
        };
        if let Some(fields) = holder {
            fields.insert("current_period_start".to_owned(), start.into());
            fields.insert("current_period_end".to_owned(), end.into());
        }
        if let Some(fields) = subscription.as_object_mut() {
            let items = json!({
                "object": "list",
                "data": [item],
                "has_more": false,
                "total_count": 1,
                "url": format!("/v1/subscription_items?subscription={}", self.id),
            });
            fields.insert("items".to_owned(), items);
        }
        subscription
    }
}
