//! Stripe's invoices, which exist in events only.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::price::Price;
use super::seconds;
use super::shape::ApiShape;
use super::subscription::Subscription;

/// An invoice of the subscription's last charge.
pub(super) struct Invoice<'a> {
    pub subscription: &'a Subscription,
    pub price: &'a Price,
    /// The amount in cents; zero during a trial.
    pub amount_cents: i64,
    pub paid: bool,
    /// The reason for the invoice, in Stripe's words.
    pub reason: &'static str,
    pub now: OffsetDateTime,
}

impl Invoice<'_> {
    /// Returns the object as a version of Stripe's API writes it.
    pub(super) fn json(&self, shape: ApiShape) -> Value {
        let id = &self.subscription.latest_invoice;
        let details = json!({ "metadata": self.subscription.metadata, "subscription": self.subscription.id });
        let mut invoice = json!({
            "id": id,
            "object": "invoice",
            "amount_due": self.amount_cents,
            "amount_paid": if self.paid { self.amount_cents } else { 0 },
            "amount_remaining": if self.paid { 0 } else { self.amount_cents },
            "attempt_count": self.subscription.failed_attempts + u32::from(self.paid),
            "attempted": true,
            "billing_reason": self.reason,
            "collection_method": "charge_automatically",
            "created": seconds(self.now),
            "currency": "eur",
            "customer": self.subscription.customer,
            "hosted_invoice_url": format!("https://invoice.stripe.com/i/fake/{id}"),
            "livemode": false,
            "metadata": {},
            "next_payment_attempt": self.subscription.next_attempt.map(seconds),
            "period_end": seconds(self.subscription.period_end),
            "period_start": seconds(self.subscription.period_start),
            "status": if self.paid { "paid" } else { "open" },
            "total": self.amount_cents,
            "lines": { "object": "list", "data": [], "has_more": false },
            "description": self.price.product,
        });
        if let Some(fields) = invoice.as_object_mut() {
            match shape {
                ApiShape::Classic => {
                    fields.insert("subscription".to_owned(), self.subscription.id.clone().into());
                    let metadata = json!({ "metadata": self.subscription.metadata });
                    fields.insert("subscription_details".to_owned(), metadata);
                }
                ApiShape::Items => {
                    let parent = json!({
                        "type": "subscription_details",
                        "quote_details": null,
                        "subscription_details": details,
                    });
                    fields.insert("parent".to_owned(), parent);
                }
            }
        }
        invoice
    }
}
