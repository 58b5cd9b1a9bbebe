//! What plans allow, in tests that are about something else.

use rubis_billing::BillingRules;

/// The setting with which everybody who signs up in a test may put in as many invoices as they like.
pub(crate) const NO_LIMIT_OF_FREE: (&str, &str) = ("BILLING_FREE_INVOICES", "unlimited");

/// The rules of subscriptions without any limit: a test that is about something else puts in as many invoices
/// as it likes.
#[must_use]
pub fn no_limits() -> BillingRules {
    BillingRules::without_limits()
}
