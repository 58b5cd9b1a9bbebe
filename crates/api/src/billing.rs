//! State for Rubis's own subscription.

use rubis_billing::{BillingLinks, BillingRules, PlanLimits};
use rubis_kernel::SharedClock;
use rubis_runtime::{
    ApiSettings,
    settings::{BillingSection, StripeSection},
};
use rubis_stripe::{StripeError, StripeGateway, StripeSettings};
use secrecy::SecretString;

use crate::ApiError;

/// State for Rubis's own subscription.
pub struct Billing {
    /// Limits of each tier.
    pub rules: BillingRules,
    /// Addresses that Stripe's pages lead back to.
    pub links: BillingLinks,
    /// The client of Stripe; `None` if no subscriptions are sold.
    pub stripe: Option<StripeGateway>,
    /// Secrets that Stripe's events are signed with.
    pub webhook_secrets: Vec<SecretString>,
}

impl Billing {
    /// Builds the state from the settings.
    pub fn new(settings: &ApiSettings, clock: SharedClock) -> Result<Self, StripeError> {
        Ok(Self {
            rules: rules(&settings.billing),
            links: BillingLinks::new(settings.process.web_url.as_str()),
            stripe: gateway(&settings.stripe, clock)?,
            webhook_secrets: settings.stripe.webhook_secrets.clone(),
        })
    }

    /// Returns the client of Stripe.
    ///
    /// # Errors
    /// `billing_unavailable` if none is configured.
    pub fn stripe(&self) -> Result<&StripeGateway, ApiError> {
        self.stripe.as_ref().ok_or_else(ApiError::billing_unavailable)
    }
}

fn rules(settings: &BillingSection) -> BillingRules {
    BillingRules {
        limits: PlanLimits {
            free: settings.free_invoices,
            pro: settings.pro_invoices,
            business: settings.business_invoices,
        },
        grace: settings.grace,
        trial_days: settings.trial_days,
    }
}

fn gateway(settings: &StripeSection, clock: SharedClock) -> Result<Option<StripeGateway>, StripeError> {
    let Some(secret_key) = settings.secret_key.clone() else { return Ok(None) };
    let stripe = StripeSettings { api_base: settings.api_base.clone(), ..StripeSettings::new(secret_key) };
    StripeGateway::new(&stripe, clock).map(Some)
}
