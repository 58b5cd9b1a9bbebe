//! The state of the fake.

use super::StripeFake;
use crate::faults::RecordedRequest;
use crate::state::{CheckoutSession, Customer, Event, Price, Subscription};

impl StripeFake {
    #[must_use]
    pub fn customers(&self) -> Vec<Customer> {
        self.shared.with(|state, _| state.customers.values().cloned().collect())
    }

    #[must_use]
    pub fn prices(&self) -> Vec<Price> {
        self.shared.with(|state, _| state.prices.values().cloned().collect())
    }

    /// Returns the Checkout sessions, oldest first.
    #[must_use]
    pub fn checkout_sessions(&self) -> Vec<CheckoutSession> {
        self.shared.with(|state, _| {
            let mut sessions: Vec<_> = state.sessions.values().cloned().collect();
            sessions.sort_by_key(|session| session.created);
            sessions
        })
    }

    #[must_use]
    pub fn checkout_session(&self, id: &str) -> Option<CheckoutSession> {
        self.shared.with(|state, _| state.sessions.get(id).cloned())
    }

    /// Returns the subscriptions, oldest first.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.shared.with(|state, _| {
            let mut subscriptions: Vec<_> = state.subscriptions.values().cloned().collect();
            subscriptions.sort_by_key(|subscription| subscription.created);
            subscriptions
        })
    }

    #[must_use]
    pub fn subscription(&self, id: &str) -> Option<Subscription> {
        self.shared.with(|state, _| state.subscriptions.get(id).cloned())
    }

    /// Returns all events, oldest first, delivered or not.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.shared.with(|state, _| state.events.clone())
    }

    /// Returns the requests so far, oldest first, answered or not.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.faults.requests()
    }
}
