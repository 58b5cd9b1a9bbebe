//! Rules and clients of the domain crates, built from the settings.

use std::sync::Arc;

use rubis_billing::{BillingRules, PlanLimits};
use rubis_checkins::CheckinRules;
use rubis_kernel::SharedClock;
use rubis_runtime::settings::{BillingSection, CheckinSettings, StripeSection};
use rubis_stripe::{StripeError, StripeGateway, StripeSettings};

/// Returns the limits of each tier and the terms of trials.
#[must_use]
pub fn billing_rules(settings: &BillingSection) -> BillingRules {
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

/// Returns the lifetime of check-ins, and the rules by which their links are trusted.
#[must_use]
pub const fn checkin_rules(settings: &CheckinSettings) -> CheckinRules {
    CheckinRules { life: settings.ttl, quiet: settings.quiet, suspect: settings.suspect, undo: settings.undo }
}

/// Creates the client of Stripe; `None` without a secret key.
///
/// # Errors
/// The key or the address of Stripe cannot be used.
pub fn stripe_gateway(
    settings: &StripeSection,
    clock: SharedClock,
) -> Result<Option<Arc<StripeGateway>>, StripeError> {
    let Some(secret_key) = settings.secret_key.clone() else { return Ok(None) };
    let stripe = StripeSettings { api_base: settings.api_base.clone(), ..StripeSettings::new(secret_key) };
    Ok(Some(Arc::new(StripeGateway::new(&stripe, clock)?)))
}
