//! What serves Rubis's own subscription.

use rubis_billing::{BillingLinks, BillingRules, PlanLimits};
use rubis_kernel::SharedClock;
use rubis_runtime::{
    ApiSettings,
    settings::{BillingSection, StripeSection},
};
use rubis_stripe::{StripeError, StripeGateway, StripeSettings};
use secrecy::SecretString;

use crate::ApiError;

/// The parts that Rubis's own subscription is served with.
pub struct Billing {
    /// What plans allow.
    pub rules: BillingRules,
    /// Where Stripe's pages lead back to.
    pub links: BillingLinks,
    /// The way to Stripe; `None` where nobody can subscribe.
    pub stripe: Option<StripeGateway>,
    /// What Stripe's events are signed with.
    pub webhook_secrets: Vec<SecretString>,
}

impl Billing {
    /// The parts, from the settings.
    ///
    /// # Errors
    /// The key of Stripe or its address can't be used.
    pub fn new(settings: &ApiSettings, clock: SharedClock) -> Result<Self, StripeError> {
        Ok(Self {
            rules: rules(&settings.billing),
            links: BillingLinks::new(settings.process.web_url.as_str()),
            stripe: gateway(&settings.stripe, clock)?,
            webhook_secrets: settings.stripe.webhook_secrets.clone(),
        })
    }

    /// The way to Stripe.
    ///
    /// # Errors
    /// `billing_unavailable` where there is none.
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
