//! Simulated changes at the fake.

use time::Duration;

use super::StripeFake;
use crate::state::PlayError;

impl StripeFake {
    /// Completes a session with a card, which begins its subscription. Returns the subscription's id.
    pub fn complete_checkout(&self, session: &str) -> Result<String, PlayError> {
        self.shared.with(|state, now| state.complete_checkout(session, &self.shared.public_url, now))
    }

    /// Announces that the trial ends soon (`customer.subscription.trial_will_end`).
    pub fn announce_trial_end(&self, subscription: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.announce_trial_end(subscription, now))
    }

    /// Charges the subscription now, successfully: the next period begins, or the unpaid one is paid.
    pub fn succeed_payment(&self, subscription: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.charge(subscription, true, now))
    }

    /// Charges the subscription now, in vain (`invoice.payment_failed`): it is `past_due`.
    pub fn fail_payment(&self, subscription: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.charge(subscription, false, now))
    }

    /// Sets if the subscription ends with its period.
    pub fn set_cancel_at_period_end(&self, subscription: &str, cancel: bool) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.set_cancel_at_period_end(subscription, cancel, now))
    }

    /// Ends the subscription now (`customer.subscription.deleted`).
    pub fn cancel(&self, subscription: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.cancel(subscription, now))
    }

    /// Deletes a customer, as a person may in Stripe's dashboard: the subscriptions end, and later
    /// requests for the customer are refused.
    pub fn delete_customer(&self, customer: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.delete_customer(customer, now))
    }

    /// Changes the subscription to the price with this lookup key.
    pub fn change_price(&self, subscription: &str, lookup_key: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| {
            let price = state.price_with_key(lookup_key).map(|price| price.id.clone());
            let unknown = || PlayError::Unknown { kind: "price", id: lookup_key.to_owned() };
            state.change_price(subscription, &price.ok_or_else(unknown)?, now)
        })
    }

    /// Sets if the next charge that is due by the clock fails.
    pub fn set_next_payment_fails(&self, subscription: &str, fails: bool) -> Result<(), PlayError> {
        self.shared.with(|state, _| {
            state.living_mut(subscription)?.next_payment_fails = fails;
            Ok(())
        })
    }

    /// Simulates everything that is due by the clock that the fake was given, after that clock was moved:
    /// announcements of the end of trials, charges, ends.
    pub fn catch_up(&self) {
        self.shared.catch_up();
    }

    /// Moves the fake's own time forward, and simulates everything that became due. Signatures keep the
    /// time of the clock that the fake was given, which their verifiers have too.
    pub fn advance(&self, by: Duration) {
        self.shared.advance(by);
    }
}
