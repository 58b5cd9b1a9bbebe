//! State for Rubis's own subscription.

use std::sync::Arc;

use rubis_billing::{BillingLinks, BillingRules};
use rubis_composition::{billing_rules, stripe_gateway};
use rubis_kernel::SharedClock;
use rubis_runtime::ApiSettings;
use rubis_stripe::{StripeError, StripeGateway};
use secrecy::SecretString;

use crate::ApiError;

/// State for Rubis's own subscription.
pub struct Billing {
    /// Limits of each tier.
    pub rules: BillingRules,
    /// Addresses that Stripe's pages lead back to.
    pub links: BillingLinks,
    /// The client of Stripe; `None` if no subscriptions are sold.
    pub stripe: Option<Arc<StripeGateway>>,
    /// Secrets that Stripe's events are signed with.
    pub webhook_secrets: Vec<SecretString>,
}

impl Billing {
    /// Builds the state from the settings.
    pub fn new(settings: &ApiSettings, clock: SharedClock) -> Result<Self, StripeError> {
        Ok(Self {
            rules: billing_rules(&settings.billing),
            links: BillingLinks::new(settings.process.web_url.as_str()),
            stripe: stripe_gateway(&settings.stripe, clock)?,
            webhook_secrets: settings.stripe.webhook_secrets.clone(),
        })
    }

    /// Returns the client of Stripe.
    ///
    /// # Errors
    /// `billing_unavailable` if none is configured.
    pub fn stripe(&self) -> Result<&StripeGateway, ApiError> {
        self.stripe.as_deref().ok_or_else(ApiError::billing_unavailable)
    }
}
