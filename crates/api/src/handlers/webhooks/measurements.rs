//! How many events came, and what became of them.

const EVENTS: &str = "rubis_stripe_events_total";

/// The types of events that are counted by name: those that mean something to a subscription. Stripe has
/// hundreds, and whoever sets its webhooks up decides which of them come.
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

/// What a delivery is counted as that was not believed, and whose type is therefore nobody's word.
pub(super) const UNVERIFIED: &str = "unverified";

/// Says what the measurement means to whoever reads the metrics.
pub fn describe_events() {
    metrics::describe_counter!(
        EVENTS,
        "Deliveries of Stripe's events, by type and by what came of them: an outcome, failed, or why they were refused."
    );
}

/// The name that an event's type is counted under.
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
