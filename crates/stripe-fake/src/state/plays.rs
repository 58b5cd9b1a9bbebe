//! Simulated changes of a subscription, with the events that Stripe makes of them.

use serde_json::Value;
use thiserror::Error;
use time::{Duration, OffsetDateTime};

use super::checkout::{CheckoutSession, CheckoutStatus};
use super::event::{Event, differences};
use super::invoice::Invoice;
use super::price::Price;
use super::shape::ApiShape;
use super::subscription::{Subscription, SubscriptionStatus};
use super::{State, new_id};

/// A change cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlayError {
    /// No object has this id.
    #[error("no such {kind}: {id}")]
    Unknown { kind: &'static str, id: String },
    /// The current state does not allow it.
    #[error("{0}")]
    Impossible(&'static str),
}

/// The time between a failed charge and the next one.
const BETWEEN_ATTEMPTS: Duration = Duration::days(3);

impl State {
    /// Completes a session with a card, which begins its subscription. Returns the subscription's id.
    ///
    /// Without a trial the events are those of a first charge: the subscription is created `incomplete`
    /// and becomes `active` within the same second.
    pub(crate) fn complete_checkout(
        &mut self,
        id: &str,
        public_url: &str,
        now: OffsetDateTime,
    ) -> Result<String, PlayError> {
        let session = self
            .sessions
            .get_mut(id)
            .ok_or_else(|| PlayError::Unknown { kind: "checkout.session", id: id.to_owned() })?;
        if session.status == CheckoutStatus::Complete {
            return Err(PlayError::Impossible("the session is complete already"));
        }
        if session.is_expired(now) {
            return Err(PlayError::Impossible("the session has expired"));
        }
        let subscription_id = new_id("sub");
        session.status = CheckoutStatus::Complete;
        session.subscription = Some(subscription_id.clone());
        let session = session.clone();
        let price = self
            .prices
            .get(&session.price)
            .cloned()
            .ok_or_else(|| PlayError::Unknown { kind: "price", id: session.price.clone() })?;

        let shape = self.shapes.webhooks;
        self.emit(Event::new("checkout.session.completed", &session.json(public_url, now), None, shape, now));
        let subscription = begin(subscription_id.clone(), &session, &price, now);
        let on_trial = subscription.status == SubscriptionStatus::Trialing;
        let created = subscription.json(&price, shape);
        self.subscriptions.insert(subscription_id.clone(), subscription);
        self.emit(Event::new("customer.subscription.created", &created, None, shape, now));
        if !on_trial {
            self.change(&subscription_id, now, |one| one.status = SubscriptionStatus::Active)?;
        }
        let amount = if on_trial { 0 } else { price.amount_cents };
        self.tell_of_invoice("invoice.paid", &subscription_id, amount, "subscription_create", now)?;
        Ok(subscription_id)
    }

    /// Announces that the trial ends soon.
    pub(crate) fn announce_trial_end(&mut self, id: &str, now: OffsetDateTime) -> Result<(), PlayError> {
        let subscription = self.living_mut(id)?;
        if subscription.trial_end.is_none() {
            return Err(PlayError::Impossible("the subscription has no trial"));
        }
        subscription.trial_end_announced = true;
        let object = self.subscription_json(id, self.shapes.webhooks)?;
        let event =
            Event::new("customer.subscription.trial_will_end", &object, None, self.shapes.webhooks, now);
        self.emit(event);
        Ok(())
    }

    /// Charges the subscription: at the end of a trial, for the next period, or again for an unpaid one.
    pub(crate) fn charge(&mut self, id: &str, succeeds: bool, now: OffsetDateTime) -> Result<(), PlayError> {
        let subscription = self.living_mut(id)?;
        let again = subscription.status == SubscriptionStatus::PastDue;
        let price_id = subscription.price.clone();
        let price =
            self.prices.get(&price_id).cloned().ok_or(PlayError::Unknown { kind: "price", id: price_id })?;
        // Stripe's invoice precedes its effect on the subscription.
        let mut charged = self.living_mut(id)?.clone();
        if !again {
            next_period(&mut charged, &price, now);
        }
        settle(&mut charged, succeeds, now);
        let kinds: &[&str] = if succeeds {
            &["invoice.paid", "invoice.payment_succeeded"]
        } else {
            &["invoice.payment_failed"]
        };
        for kind in kinds {
            self.tell_of(kind, &charged, &price, price.amount_cents, "subscription_cycle", now);
        }
        self.change(id, now, |one| *one = charged)
    }

    /// Sets if the subscription ends with its period.
    pub(crate) fn set_cancel_at_period_end(
        &mut self,
        id: &str,
        cancel: bool,
        now: OffsetDateTime,
    ) -> Result<(), PlayError> {
        self.living_mut(id)?;
        self.change(id, now, |one| {
            one.cancel_at_period_end = cancel;
            one.canceled_at = cancel.then_some(now);
        })
    }

    /// Ends the subscription now.
    pub(crate) fn cancel(&mut self, id: &str, now: OffsetDateTime) -> Result<(), PlayError> {
        let subscription = self.living_mut(id)?;
        subscription.status = SubscriptionStatus::Canceled;
        subscription.canceled_at = subscription.canceled_at.or(Some(now));
        subscription.ended_at = Some(now);
        subscription.next_attempt = None;
        let object = self.subscription_json(id, self.shapes.webhooks)?;
        let event = Event::new("customer.subscription.deleted", &object, None, self.shapes.webhooks, now);
        self.emit(event);
        Ok(())
    }

    /// Deletes a customer, which ends the subscriptions.
    pub(crate) fn delete_customer(&mut self, id: &str, now: OffsetDateTime) -> Result<(), PlayError> {
        if !self.has_customer(id) {
            return Err(PlayError::Unknown { kind: "customer", id: id.to_owned() });
        }
        let living = self.subscriptions_of(id).into_iter().filter(|one| !one.is_over());
        let living: Vec<String> = living.map(|one| one.id.clone()).collect();
        for subscription in living {
            self.cancel(&subscription, now)?;
        }
        if let Some(customer) = self.customers.get_mut(id) {
            let object = customer.json();
            customer.deleted = true;
            self.emit(Event::new("customer.deleted", &object, None, self.shapes.webhooks, now));
        }
        Ok(())
    }

    /// Changes the subscription to another price.
    pub(crate) fn change_price(
        &mut self,
        id: &str,
        price: &str,
        now: OffsetDateTime,
    ) -> Result<(), PlayError> {
        self.living_mut(id)?;
        if !self.prices.contains_key(price) {
            return Err(PlayError::Unknown { kind: "price", id: price.to_owned() });
        }
        self.change(id, now, |one| one.price = price.to_owned())
    }

    /// Changes a subscription, and emits an event if anything changed.
    pub(crate) fn change(
        &mut self,
        id: &str,
        now: OffsetDateTime,
        edit: impl FnOnce(&mut Subscription),
    ) -> Result<(), PlayError> {
        let shape = self.shapes.webhooks;
        let before = self.subscription_json(id, shape)?;
        edit(self.living_mut(id)?);
        let after = self.subscription_json(id, shape)?;
        let previous = differences(&before, &after);
        if !previous.is_empty() {
            self.emit(Event::new("customer.subscription.updated", &after, Some(previous), shape, now));
        }
        Ok(())
    }

    /// Returns a subscription as a version of Stripe's API writes it.
    pub(crate) fn subscription_json(&self, id: &str, shape: ApiShape) -> Result<Value, PlayError> {
        let unknown = || PlayError::Unknown { kind: "subscription", id: id.to_owned() };
        let subscription = self.subscriptions.get(id).ok_or_else(unknown)?;
        let price = self.prices.get(&subscription.price).ok_or_else(unknown)?;
        Ok(subscription.json(price, shape))
    }

    /// Returns a subscription that has not ended.
    pub(crate) fn living_mut(&mut self, id: &str) -> Result<&mut Subscription, PlayError> {
        let subscription = self
            .subscriptions
            .get_mut(id)
            .ok_or_else(|| PlayError::Unknown { kind: "subscription", id: id.to_owned() })?;
        if subscription.is_over() {
            return Err(PlayError::Impossible("the subscription has ended"));
        }
        Ok(subscription)
    }

    fn tell_of_invoice(
        &mut self,
        kind: &str,
        id: &str,
        amount_cents: i64,
        reason: &'static str,
        now: OffsetDateTime,
    ) -> Result<(), PlayError> {
        let subscription = self.living_mut(id)?.clone();
        if let Some(price) = self.prices.get(&subscription.price).cloned() {
            self.tell_of(kind, &subscription, &price, amount_cents, reason, now);
        }
        Ok(())
    }

    fn tell_of(
        &mut self,
        kind: &str,
        subscription: &Subscription,
        price: &Price,
        amount_cents: i64,
        reason: &'static str,
        now: OffsetDateTime,
    ) {
        let paid = kind != "invoice.payment_failed";
        let shape = self.shapes.webhooks;
        let object = Invoice { subscription, price, amount_cents, paid, reason, now }.json(shape);
        self.emit(Event::new(kind, &object, None, shape, now));
    }
}

/// Returns the subscription that completing a session creates.
fn begin(id: String, session: &CheckoutSession, price: &Price, now: OffsetDateTime) -> Subscription {
    let trial_end = session.trial_days.map(|days| now + Duration::days(i64::from(days)));
    Subscription {
        id,
        created: now,
        customer: session.customer.clone(),
        price: session.price.clone(),
        status: match trial_end {
            Some(_) => SubscriptionStatus::Trialing,
            None => SubscriptionStatus::Incomplete,
        },
        period_start: now,
        period_end: trial_end.unwrap_or_else(|| price.interval.after(now)),
        cancel_at_period_end: false,
        canceled_at: None,
        ended_at: None,
        trial_start: trial_end.map(|_| now),
        trial_end,
        metadata: session.subscription_metadata.clone(),
        latest_invoice: new_id("in"),
        next_payment_fails: false,
        failed_attempts: 0,
        next_attempt: None,
        trial_end_announced: false,
    }
}

/// Sets the period that is charged for: the one after the current one, or one from now if that has not
/// ended yet (the charge is then simulated early, and a trial ended).
fn next_period(subscription: &mut Subscription, price: &Price, now: OffsetDateTime) {
    if subscription.status == SubscriptionStatus::Trialing {
        subscription.trial_end = subscription.trial_end.map(|end| end.min(now));
    }
    let start = subscription.period_end.min(now);
    subscription.period_start = start;
    subscription.period_end = price.interval.after(start);
    subscription.latest_invoice = new_id("in");
}

fn settle(subscription: &mut Subscription, succeeds: bool, now: OffsetDateTime) {
    subscription.next_payment_fails = false;
    if succeeds {
        subscription.status = SubscriptionStatus::Active;
        subscription.failed_attempts = 0;
        subscription.next_attempt = None;
    } else {
        subscription.status = SubscriptionStatus::PastDue;
        subscription.failed_attempts += 1;
        subscription.next_attempt = Some(now + BETWEEN_ATTEMPTS);
    }
}
