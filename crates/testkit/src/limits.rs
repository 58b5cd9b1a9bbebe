//! Unlimited subscriptions, for tests about other subjects.

use rubis_billing::BillingRules;

/// Setting without a limit on the number of invoices of organizations without a subscription.
pub(crate) const NO_LIMIT_OF_FREE: (&str, &str) = ("BILLING_FREE_INVOICES", "unlimited");

/// Returns subscription rules without any limit, so that a test about another subject can create any number of
/// invoices.
#[must_use]
pub fn no_limits() -> BillingRules {
    BillingRules::without_limits()
}
