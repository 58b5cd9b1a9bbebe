//! What happens at the fake.

use time::Duration;

use super::StripeFake;
use crate::state::PlayError;

impl StripeFake {
    /// A card is taken: the session's subscription begins. Gives the subscription's id.
    pub fn complete_checkout(&self, session: &str) -> Result<String, PlayError> {
        self.shared.with(|state, now| state.complete_checkout(session, &self.shared.public_url, now))
    }

    /// Stripe says that the trial ends soon (`customer.subscription.trial_will_end`).
    pub fn announce_trial_end(&self, subscription: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.announce_trial_end(subscription, now))
    }

    /// The subscription is charged, now, and that succeeds: the next period begins, or the unpaid one is paid.
    pub fn succeed_payment(&self, subscription: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.charge(subscription, true, now))
    }

    /// The subscription is charged, now, and that fails (`invoice.payment_failed`): it is `past_due`.
    pub fn fail_payment(&self, subscription: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.charge(subscription, false, now))
    }

    /// The subscription will end with its period, or will not any more.
    pub fn set_cancel_at_period_end(&self, subscription: &str, cancel: bool) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.set_cancel_at_period_end(subscription, cancel, now))
    }

    /// The subscription ends now (`customer.subscription.deleted`).
    pub fn cancel(&self, subscription: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.cancel(subscription, now))
    }

    /// Somebody deletes a customer, on Stripe's site for instance: the subscriptions end, and nothing can be
    /// asked for the customer any more.
    pub fn delete_customer(&self, customer: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| state.delete_customer(customer, now))
    }

    /// The subscription is to the price with this lookup key from now on.
    pub fn change_price(&self, subscription: &str, lookup_key: &str) -> Result<(), PlayError> {
        self.shared.with(|state, now| {
            let price = state.price_with_key(lookup_key).map(|price| price.id.clone());
            let unknown = || PlayError::Unknown { kind: "price", id: lookup_key.to_owned() };
            state.change_price(subscription, &price.ok_or_else(unknown)?, now)
        })
    }

    /// The next charge of the subscription that is due by the clock fails, or does not any more.
    pub fn set_next_payment_fails(&self, subscription: &str, fails: bool) -> Result<(), PlayError> {
        self.shared.with(|state, _| {
            state.living_mut(subscription)?.next_payment_fails = fails;
            Ok(())
        })
    }

    /// Plays what is due by the clock that the fake was given, after that clock was moved: announcements of the
    /// end of trials, charges, ends.
    pub fn catch_up(&self) {
        self.shared.catch_up();
    }

    /// Moves the fake's own time on, and plays what became due. Signatures keep the time of the clock that the
    /// fake was given, which those who verify them have too.
    pub fn advance(&self, by: Duration) {
        self.shared.advance(by);
    }
}
