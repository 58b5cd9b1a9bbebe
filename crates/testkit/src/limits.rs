//! What plans allow, in tests that are about something else.

use rubis_billing::BillingRules;

/// The rules of subscriptions without any limit: a test that is about something else puts in as many invoices
/// as it likes.
#[must_use]
pub fn no_limits() -> BillingRules {
    BillingRules::without_limits()
}
