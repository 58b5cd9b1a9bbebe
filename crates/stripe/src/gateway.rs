//! The calls to Stripe, one method for each.

mod call;
mod price_cache;
mod subscriptions;
mod transport;

use std::time::Duration;

use rubis_kernel::SharedClock;
use serde::Deserialize;
use serde_json::Value;

use self::call::Call;
use self::price_cache::PriceCache;
use self::transport::Transport;
use crate::checkout::{CheckoutSession, NewCheckout};
use crate::customer::NewCustomer;
use crate::error::StripeError;
use crate::ids::{CustomerId, SubscriptionId};
use crate::json;
use crate::price::{Price, parse_price};
use crate::settings::StripeSettings;
use crate::subscription::{Subscription, parse_subscription};

/// Talks to one Stripe account.
///
/// Each call is tried again, under the same idempotency key, when the network, the answer or Stripe itself
/// fails, as the [`StripeSettings`] say: with those of [`StripeSettings::new`] one request takes at most some
/// 32 seconds. Dropping a call is safe: what was asked may or may not have happened, and asking again repeats
/// it.
pub struct StripeGateway {
    transport: Transport,
    prices: PriceCache,
    clock: SharedClock,
    hurry: Duration,
}

/// An object of which only the id matters.
#[derive(Deserialize)]
struct Identified<T> {
    id: T,
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
    /// A gateway to this account. The clock says when a kept price is too old.
    ///
    /// # Errors
    /// [`StripeError::Unexpected`] when the key cannot be sent in a header, or the address is not one of HTTP.
    pub fn new(settings: &StripeSettings, clock: SharedClock) -> Result<Self, StripeError> {
        let prices = PriceCache::new(settings.price_cache, clock.clone());
        Ok(Self { transport: Transport::new(settings)?, prices, clock, hurry: settings.hurry })
    }

    /// Makes the customer of an organization, or gives the one that was made before.
    ///
    /// However often and from however many places this is asked within a day, one customer is made: its
    /// idempotency key and all that is sent with it depend on the organization alone. Name and address, which
    /// two callers may see differently, are written in a second call.
    ///
    /// # Errors
    /// See [`StripeError`]; the customer may have been made, and asking again gives it.
    pub async fn create_customer(&self, customer: &NewCustomer<'_>) -> Result<CustomerId, StripeError> {
        self.make_customer(customer, None).await
    }

    /// Makes the customer of an organization anew, once Stripe has said that the one it had is missing
    /// ([`StripeError::is_missing_customer`]). As with [`Self::create_customer`], all who ask for a successor of
    /// the same customer within a day get the same.
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn create_customer_instead_of(
        &self,
        gone: &CustomerId,
        customer: &NewCustomer<'_>,
    ) -> Result<CustomerId, StripeError> {
        self.make_customer(customer, Some(gone)).await
    }

    async fn make_customer(
        &self,
        customer: &NewCustomer<'_>,
        gone: Option<&CustomerId>,
    ) -> Result<CustomerId, StripeError> {
        let organization = customer.organization_id.to_string();
        let key = match gone {
            None => format!("customer-{organization}"),
            Some(gone) => format!("customer-{organization}-instead-of-{gone}"),
        };
        let create = Call::post("/customers")
            .field("metadata[organization_id]", &organization)
            .field("preferred_locales[0]", "fr")
            .idempotency_key(key);
        let Identified { id } = self.ask::<Identified<CustomerId>>("customer", &create).await?;
        let describe = Call::post("/customers")
            .segment(id.as_str())
            .field("name", customer.name)
            .field("email", customer.email);
        self.ask::<Identified<CustomerId>>("customer", &describe).await?;
        Ok(id)
    }

    /// The active price with this lookup key, kept for [`StripeSettings::price_cache`].
    ///
    /// # Errors
    /// See [`StripeError`]; `NotFound` when no active price has the key.
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

    /// Opens a Checkout for a subscription: promotion codes allowed, in French, a card always asked for.
    ///
    /// # Errors
    /// See [`StripeError`]; `Refused` with the code `idempotency_error` when the request id was used for
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
            .field("locale", "fr")
            .idempotency_key(format!("checkout-{organization}-{}", checkout.request_id));
        for (name, value) in &checkout.metadata {
            call = call
                .field(&format!("metadata[{name}]"), value)
                .field(&format!("subscription_data[metadata][{name}]"), value);
        }
        if let Some(trial) = checkout.trial {
            call = call
                .field("subscription_data[trial_period_days]", &trial.days.to_string())
                // A card that was taken off during the trial leaves nothing to charge.
                .field("subscription_data[trial_settings][end_behavior][missing_payment_method]", "cancel");
        }
        self.ask("Checkout session", &call).await
    }

    /// Opens the Billing Portal for a customer; gives its address, valid for some minutes and one visit.
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn create_portal_session(
        &self,
        customer: &CustomerId,
        return_url: &str,
    ) -> Result<String, StripeError> {
        // Without a key: a session too many is one that nobody visits.
        let call = Call::post("/billing_portal/sessions")
            .field("customer", customer.as_str())
            .field("return_url", return_url)
            .field("locale", "fr");
        let PortalSession { url } = self.ask("portal session", &call).await?;
        Ok(url)
    }

    /// A subscription as it stands.
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn subscription(&self, id: &SubscriptionId) -> Result<Subscription, StripeError> {
        let call = Call::get("/subscriptions").segment(id.as_str());
        Ok(parse_subscription(&self.transport.send(&call).await?)?)
    }

    /// The same for somebody who waits and can ask again: one attempt, no longer than
    /// [`StripeSettings::hurry`].
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn subscription_in_a_hurry(&self, id: &SubscriptionId) -> Result<Subscription, StripeError> {
        let call = Call::get("/subscriptions").segment(id.as_str());
        Ok(parse_subscription(&self.transport.send_once(&call, self.hurry).await?)?)
    }

    /// All subscriptions of a customer, those that ended included, newest first.
    ///
    /// # Errors
    /// See [`StripeError`]; [`StripeError::is_missing_customer`] when there never was such a customer.
    pub async fn subscriptions_of(&self, customer: &CustomerId) -> Result<Vec<Subscription>, StripeError> {
        subscriptions::all_of(&self.transport, customer, None).await
    }

    /// The same for somebody who waits and can ask again: one attempt for each hundred of them, no longer than
    /// [`StripeSettings::hurry`].
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn subscriptions_of_in_a_hurry(
        &self,
        customer: &CustomerId,
    ) -> Result<Vec<Subscription>, StripeError> {
        subscriptions::all_of(&self.transport, customer, Some(self.hurry)).await
    }

    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        kind: &'static str,
        call: &Call,
    ) -> Result<T, StripeError> {
        Ok(json::read(kind, &self.transport.send(call).await?)?)
    }
}
