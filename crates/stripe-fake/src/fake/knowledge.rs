//! What the fake knows.

use super::StripeFake;
use crate::faults::RecordedRequest;
use crate::state::{CheckoutSession, Customer, Event, Price, Subscription};

impl StripeFake {
    /// The customers.
    #[must_use]
    pub fn customers(&self) -> Vec<Customer> {
        self.shared.with(|state, _| state.customers.values().cloned().collect())
    }

    /// The prices.
    #[must_use]
    pub fn prices(&self) -> Vec<Price> {
        self.shared.with(|state, _| state.prices.values().cloned().collect())
    }

    /// The Checkout sessions, oldest first.
    #[must_use]
    pub fn checkout_sessions(&self) -> Vec<CheckoutSession> {
        self.shared.with(|state, _| {
            let mut sessions: Vec<_> = state.sessions.values().cloned().collect();
            sessions.sort_by_key(|session| session.created);
            sessions
        })
    }

    /// A Checkout session.
    #[must_use]
    pub fn checkout_session(&self, id: &str) -> Option<CheckoutSession> {
        self.shared.with(|state, _| state.sessions.get(id).cloned())
    }

    /// The subscriptions, oldest first.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.shared.with(|state, _| {
            let mut subscriptions: Vec<_> = state.subscriptions.values().cloned().collect();
            subscriptions.sort_by_key(|subscription| subscription.created);
            subscriptions
        })
    }

    /// A subscription.
    #[must_use]
    pub fn subscription(&self, id: &str) -> Option<Subscription> {
        self.shared.with(|state, _| state.subscriptions.get(id).cloned())
    }

    /// Everything that happened, oldest first, delivered or not.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.shared.with(|state, _| state.events.clone())
    }

    /// The requests so far, oldest first, answered or not.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.faults.requests()
    }
}
