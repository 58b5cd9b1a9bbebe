//! The calls to Stripe, one method each.

mod call;
mod customers;
mod origin;
mod price_cache;
mod subscriptions;
mod transport;

use std::time::Duration;

use rubis_kernel::SharedClock;
use serde::Deserialize;
use serde_json::Value;
use tracing::warn;

pub use self::origin::Stranger;

use self::call::Call;
use self::origin::Mode;
use self::price_cache::PriceCache;
use self::transport::Transport;
use crate::checkout::{CheckoutSession, CheckoutState, NewCheckout};
use crate::error::StripeError;
use crate::ids::{CheckoutSessionId, CustomerId, SubscriptionId};
use crate::json;
use crate::price::{Price, parse_price};
use crate::settings::StripeSettings;
use crate::subscription::{Subscription, parse_subscription};

/// The client of one Stripe account.
///
/// Each call is tried again, under the same idempotency key, if the network, the response or Stripe
/// itself fails, as the [`StripeSettings`] define: with those of [`StripeSettings::new`] one request
/// takes at most some 32 seconds, or 42 if it creates an object and Stripe fails to the last. Dropping a
/// call is safe: it may or may not have had an effect, and calling again repeats it.
pub struct StripeGateway {
    transport: Transport,
    prices: PriceCache,
    clock: SharedClock,
    hurry: Duration,
    /// The mode of the key, if the key states it.
    mode: Option<Mode>,
}

#[derive(Deserialize)]
struct PortalSession {
    url: String,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Value>,
}

impl StripeGateway {
    /// Builds a gateway to this account. The clock decides if a cached price is too old.
    ///
    /// # Errors
    /// [`StripeError::Unexpected`] if the key cannot be sent in a header, or the address is not one of
    /// HTTP.
    pub fn new(settings: &StripeSettings, clock: SharedClock) -> Result<Self, StripeError> {
        let prices = PriceCache::new(settings.price_cache, clock.clone());
        let transport = Transport::new(settings)?;
        let mode = Mode::of_key(&settings.secret_key);
        Ok(Self { transport, prices, clock, hurry: settings.hurry, mode })
    }

    /// Returns the active price with this lookup key, cached for [`StripeSettings::price_cache`].
    ///
    /// # Errors
    /// See [`StripeError`]; `NotFound` if no active price has the key.
    pub async fn price(&self, lookup_key: &str) -> Result<Price, StripeError> {
        if let Some(price) = self.prices.get(lookup_key) {
            return Ok(price);
        }
        let call = Call::get("/prices")
            .field("lookup_keys[0]", lookup_key)
            .field("active", "true")
            .field("limit", "1");
        let List { data } = self.ask("list of prices", &call).await?;
        let found = data
            .first()
            .ok_or_else(|| StripeError::NotFound { what: format!("active price {lookup_key}") })?;
        let price = parse_price(found)?;
        self.prices.put(price.clone());
        Ok(price)
    }

    /// Opens a Checkout for a subscription: promotion codes allowed, in French, a card always required.
    ///
    /// # Errors
    /// See [`StripeError`]; `Refused` with the code `idempotency_error` if the request id was used for
    /// another Checkout.
    pub async fn create_checkout_session(
        &self,
        checkout: &NewCheckout,
    ) -> Result<CheckoutSession, StripeError> {
        let organization = checkout.organization_id.to_string();
        let mut call = Call::post("/checkout/sessions")
            .field("mode", "subscription")
            .field("customer", checkout.customer.as_str())
            .field("client_reference_id", &organization)
            .field("line_items[0][price]", checkout.price.as_str())
            .field("line_items[0][quantity]", "1")
            .field("success_url", &checkout.success_url)
            .field("cancel_url", &checkout.cancel_url)
            .field("allow_promotion_codes", "true")
            .field("payment_method_collection", "always")
            .field("locale", "fr");
        for (name, value) in &checkout.metadata {
            call = call
                .field(&format!("metadata[{name}]"), value)
                .field(&format!("subscription_data[metadata][{name}]"), value);
        }
        if let Some(trial) = checkout.trial {
            call = call
                .field("subscription_data[trial_period_days]", &trial.days.to_string())
                // A card that was removed during the trial leaves nothing to charge.
                .field("subscription_data[trial_settings][end_behavior][missing_payment_method]", "cancel");
        }
        let key = format!("checkout-{organization}-{}", checkout.request_id);
        self.create("Checkout session", call, key).await
    }

    /// Returns the current state of a Checkout session.
    pub async fn checkout_session(&self, id: &CheckoutSessionId) -> Result<CheckoutState, StripeError> {
        let call = Call::get("/checkout/sessions").segment(id.as_str());
        self.ask("Checkout session", &call).await
    }

    /// Ends a Checkout session that is open: it can no longer be completed.
    ///
    /// # Errors
    /// See [`StripeError`]; `Refused` if it was completed or has ended.
    pub async fn expire_checkout_session(
        &self,
        id: &CheckoutSessionId,
    ) -> Result<CheckoutState, StripeError> {
        // Without a key: a session that has ended is not ended again.
        let call = Call::post("/checkout/sessions").segment(id.as_str()).segment("expire");
        self.ask("Checkout session", &call).await
    }

    /// Opens the Billing Portal for a customer, and returns its address, valid for some minutes and one
    /// visit.
    pub async fn create_portal_session(
        &self,
        customer: &CustomerId,
        return_url: &str,
    ) -> Result<String, StripeError> {
        // Without a key: a surplus session is never visited and does no harm.
        let call = Call::post("/billing_portal/sessions")
            .field("customer", customer.as_str())
            .field("return_url", return_url)
            .field("locale", "fr");
        let PortalSession { url } = self.ask("portal session", &call).await?;
        Ok(url)
    }

    /// Returns the current state of a subscription.
    pub async fn subscription(&self, id: &SubscriptionId) -> Result<Subscription, StripeError> {
        let call = Call::get("/subscriptions").segment(id.as_str());
        Ok(parse_subscription(&self.transport.send(&call).await?)?)
    }

    /// Works as [`Self::subscription`] for a caller that waits and can retry: one attempt, no longer than
    /// [`StripeSettings::hurry`].
    pub async fn subscription_in_a_hurry(&self, id: &SubscriptionId) -> Result<Subscription, StripeError> {
        let call = Call::get("/subscriptions").segment(id.as_str());
        Ok(parse_subscription(&self.transport.send_once(&call, self.hurry).await?)?)
    }

    /// Returns all subscriptions of a customer, including ended ones, newest first.
    ///
    /// # Errors
    /// See [`StripeError`]; [`StripeError::is_missing_customer`] if there never was such a customer.
    pub async fn subscriptions_of(&self, customer: &CustomerId) -> Result<Vec<Subscription>, StripeError> {
        subscriptions::all_of(&self.transport, customer, None).await
    }

    /// Works as [`Self::subscriptions_of`] for a caller that waits and can retry: one attempt for each
    /// hundred of them, no longer than [`StripeSettings::hurry`].
    pub async fn subscriptions_of_in_a_hurry(
        &self,
        customer: &CustomerId,
    ) -> Result<Vec<Subscription>, StripeError> {
        subscriptions::all_of(&self.transport, customer, Some(self.hurry)).await
    }

    /// Makes a call that creates an object. Repeated under this key, it creates one object.
    ///
    /// For a day Stripe repeats its first response to a key, and that includes failures of its own: if
    /// the last attempt still gets one, the call is made once more under a key of this minute. That may
    /// create two objects if the failure had an effect after all; otherwise a caller that met the failure
    /// would be refused for a day.
    async fn create<T: for<'de> Deserialize<'de>>(
        &self,
        kind: &'static str,
        call: Call,
        key: String,
    ) -> Result<T, StripeError> {
        let minute = self.clock.now().unix_timestamp().div_euclid(60);
        let next = format!("{key}-{minute}");
        let call = call.idempotency_key(key);
        let answer = match self.transport.send(&call).await {
            Err(error) if error.is_failure_of_stripe() => {
                warn!(path = call.path(), %error, "Stripe call retried under another idempotency key");
                self.transport.attempt(&call.idempotency_key(next)).await
            }
            outcome => outcome,
        };
        Ok(json::read(kind, &answer?)?)
    }

    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        kind: &'static str,
        call: &Call,
    ) -> Result<T, StripeError> {
        Ok(json::read(kind, &self.transport.send(call).await?)?)
    }
}
