//! The counter of Stripe events by type and outcome.

const EVENTS: &str = "rubis_stripe_events_total";

/// The event types that are counted by name: those that concern a subscription. Stripe has hundreds, and
/// its settings decide which of them are sent.
const KNOWN: [&str; 8] = [
    "checkout.session.completed",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.trial_will_end",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_succeeded",
];

/// The type label of a delivery with an invalid signature, whose stated type cannot be trusted.
pub(super) const UNVERIFIED: &str = "unverified";

/// Registers the description of the counter.
pub fn describe_events() {
    metrics::describe_counter!(
        EVENTS,
        "Deliveries of Stripe's events, by type and by what came of them: an outcome, failed, or why they were refused."
    );
}

/// Returns the label under which an event type is counted.
pub(super) fn counted_type(kind: &str) -> &'static str {
    KNOWN.into_iter().find(|known| *known == kind).unwrap_or("other")
}

/// Counts a delivery.
pub(super) fn count(kind: &'static str, outcome: &'static str) {
    metrics::counter!(EVENTS, "type" => kind, "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anybody_could_make_up_is_no_label() {
        assert_eq!(counted_type("invoice.paid"), "invoice.paid");
        for odd in ["", "invoice.paid ", "customer.created", "a\"} 1\nx{"] {
            assert_eq!(counted_type(odd), "other");
        }
    }
}
