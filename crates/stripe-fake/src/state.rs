//! The state of the fake: customers, prices, sessions, subscriptions, and their events.

mod checkout;
mod customer;
mod event;
mod idempotency;
mod invoice;
mod plays;
mod price;
mod schedule;
mod shape;
mod subscription;

use std::collections::BTreeMap;

use rand::Rng as _;
use rand::distr::Alphanumeric;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use checkout::{CheckoutSession, CheckoutStatus};
pub use customer::Customer;
pub(crate) use customer::PortalSession;
pub use event::Event;
pub(crate) use idempotency::{Answers, StoredAnswer};
pub use plays::PlayError;
pub use price::{Interval, Price};
pub use shape::{ApiShape, Shapes};
pub use subscription::{Subscription, SubscriptionStatus};

use crate::settings::NewPrice;

/// The whole state, indexed by Stripe's ids.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub customers: BTreeMap<String, Customer>,
    pub prices: BTreeMap<String, Price>,
    pub sessions: BTreeMap<String, CheckoutSession>,
    pub portals: BTreeMap<String, PortalSession>,
    pub subscriptions: BTreeMap<String, Subscription>,
    /// Oldest first.
    pub events: Vec<Event>,
    pub answers: Answers,
    /// Not saved in the file: each start sets the versions it simulates.
    #[serde(skip)]
    pub shapes: Shapes,
    /// Events that still have to be delivered.
    #[serde(skip)]
    outbox: Vec<Event>,
}

/// Number of events that are kept; the oldest are dropped first.
const REMEMBERED_EVENTS: usize = 10_000;

impl State {
    /// Puts these prices on sale, under their former ids if they were on sale before.
    pub(crate) fn offer(&mut self, prices: &[NewPrice]) {
        for new in prices {
            let known = self.price_with_key(&new.lookup_key).map(|price| price.id.clone());
            let id = known.unwrap_or_else(|| new_id("price"));
            self.prices.insert(id.clone(), Price::new(id, new));
        }
    }

    /// Returns the price with this lookup key.
    pub(crate) fn price_with_key(&self, lookup_key: &str) -> Option<&Price> {
        self.prices.values().find(|price| price.lookup_key == lookup_key)
    }

    /// Records an event, which is delivered once the change is complete.
    fn emit(&mut self, event: Event) {
        if self.events.len() >= REMEMBERED_EVENTS {
            self.events.drain(..REMEMBERED_EVENTS / 10);
        }
        self.events.push(event.clone());
        self.outbox.push(event);
    }

    /// Returns the events that still have to be delivered, and leaves that to the caller.
    pub(crate) fn take_outbox(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.outbox)
    }

    /// Returns true if there is such a customer, not deleted.
    pub(crate) fn has_customer(&self, id: &str) -> bool {
        self.customers.get(id).is_some_and(|customer| !customer.deleted)
    }

    /// Returns the customer's subscriptions, newest first.
    pub(crate) fn subscriptions_of(&self, customer: &str) -> Vec<&Subscription> {
        let mut found: Vec<_> = self.subscriptions.values().filter(|one| one.customer == customer).collect();
        found.sort_by_key(|one| std::cmp::Reverse(one.created));
        found
    }
}

/// Returns an unused id.
pub(crate) fn new_id(prefix: &str) -> String {
    let random: String = rand::rng().sample_iter(Alphanumeric).take(16).map(char::from).collect();
    format!("{prefix}_{random}")
}

/// Returns an instant as Stripe writes it.
fn seconds(instant: OffsetDateTime) -> i64 {
    instant.unix_timestamp()
}
