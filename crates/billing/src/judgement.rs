//! The meaning of an event for the known state.

use rubis_stripe::{Event, Subscription as StripeSubscription, SubscriptionStatus};
use time::OffsetDateTime;

use crate::{
    EventOutcome, Subscription,
    event_subject::Subject,
    order::{Order, order},
};

/// The meaning of an event for the known state.
pub(crate) enum Judgement<'a> {
    /// Stripe has to be asked.
    Ask,
    /// Nothing changes.
    Nothing(EventOutcome),
    /// The subscription has this state.
    Adopt(&'a StripeSubscription),
}

/// Judges an event, received at this instant, by the known state.
pub(crate) fn judge<'a>(
    known: &Subscription,
    event: &Event,
    subject: &'a Subject,
    received: OffsetDateTime,
) -> Judgement<'a> {
    let order = order(event.created, received, known.state);
    let is_about_known = known.is_about(subject.subscription());
    match subject {
        Subject::Subscription { snapshot, .. } => {
            // A signature proves only that its maker knows the endpoint's secret. An event that links a
            // subscription, or allows more than before, is therefore confirmed by Stripe.
            if known.stripe_id.is_none() {
                return Judgement::Ask;
            }
            if !is_about_known {
                // A subscription that has ended never replaces another; for any other one Stripe is asked
                // for the current state.
                let is_past = snapshot.status.is_over() || (known.is_live() && !known.gives_way_to(snapshot));
                return if is_past { Judgement::Nothing(EventOutcome::Superseded) } else { Judgement::Ask };
            }
            match order {
                // The customer may have another charged subscription, which counts from now on, so Stripe
                // is asked.
                Order::Newer if known.is_live() && snapshot.status.is_over() => Judgement::Ask,
                Order::Newer if known.is_raised_by(snapshot) => Judgement::Ask,
                Order::Newer => Judgement::Adopt(snapshot),
                Order::Older => Judgement::Nothing(EventOutcome::Stale),
                Order::InDoubt => Judgement::Ask,
            }
        }
        Subject::Checkout { .. } => {
            if is_about_known {
                Judgement::Nothing(EventOutcome::Unchanged)
            } else {
                Judgement::Ask
            }
        }
        Subject::PaymentFailed { .. } => {
            if !is_about_known {
                return Judgement::Ask;
            }
            match (order, known.status) {
                (Order::Older, _) => Judgement::Nothing(EventOutcome::Stale),
                // A failed payment states neither the current status of the subscription nor its other
                // changes: taken for its state, it would make an event just before look old.
                (
                    Order::Newer,
                    Some(
                        SubscriptionStatus::Trialing
                        | SubscriptionStatus::Active
                        | SubscriptionStatus::PastDue,
                    ),
                )
                | (Order::InDoubt, _) => Judgement::Ask,
                // The first charge of a subscription that never began, or one that has ended.
                (Order::Newer, _) => Judgement::Nothing(EventOutcome::Unchanged),
            }
        }
        Subject::Paid { .. } => match known.status {
            Some(SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid) if is_about_known => match order {
                Order::Older => Judgement::Nothing(EventOutcome::Stale),
                // The event states only that something changed; the subscription's own events describe
                // its state.
                Order::Newer | Order::InDoubt => Judgement::Ask,
            },
            _ => Judgement::Nothing(EventOutcome::Unchanged),
        },
    }
}
