//! Adoption of Stripe's description of a subscription.

use rubis_stripe::{Subscription as StripeSubscription, SubscriptionStatus};

use crate::{
    BillingCycle, BillingPlan, Offer, PaidPlan, StateMark, Subscription, event_subject::PLAN,
    subscription::is_live,
};

impl Subscription {
    /// Returns true if this is the subscription that the organization has, or had last.
    pub(crate) fn is_about(&self, stripe_id: &rubis_stripe::SubscriptionId) -> bool {
        self.stripe_id.as_ref() == Some(stripe_id)
    }

    /// Returns true if another subscription replaces the known one. A live one is only replaced by a
    /// later one that is live too.
    pub(crate) fn gives_way_to(&self, other: &StripeSubscription) -> bool {
        let later = self.stripe_created_at.is_none_or(|created| created < other.created);
        if self.is_live() { later && is_live(other.status) } else { later || is_live(other.status) }
    }

    /// Returns true if this state of its subscription would allow the organization more than the known
    /// one: a larger tier, a status that counts for more, or a longer trial.
    pub(crate) fn is_raised_by(&self, snapshot: &StripeSubscription) -> bool {
        let mut after = self.clone();
        after.take_over(snapshot, StateMark { at: snapshot.created, fetched: false });
        let in_trial = after.status == Some(SubscriptionStatus::Trialing);
        after.plan > self.plan
            || rights(after.status) > rights(self.status)
            || (in_trial && after.trial_ends_at > self.trial_ends_at)
    }

    /// Adopts Stripe's description of the state at this instant.
    pub(crate) fn take_over(&mut self, snapshot: &StripeSubscription, mark: StateMark) {
        let is_same = self.is_about(&snapshot.id);
        let (plan, cycle) = self.offer_of(snapshot, is_same);
        if !is_same {
            self.stripe_id = Some(snapshot.id.clone());
            self.failed_invoice = None;
        }
        if !is_same || self.trial_ends_at.is_some_and(|end| snapshot.trial_end > Some(end)) {
            // An extended trial needs a new recap, since the old one named another end.
            self.recap_queued_at = None;
            self.recap_sent_at = None;
        }
        self.stripe_created_at = Some(snapshot.created);
        self.customer = Some(snapshot.customer.clone());
        if snapshot.status.is_over() {
            self.plan = BillingPlan::Free;
            self.cycle = None;
            self.current_period_end = None;
            self.cancel_at_period_end = false;
        } else {
            self.plan = plan;
            self.cycle = cycle;
            self.current_period_end = snapshot.current_period_end;
            self.cancel_at_period_end = snapshot.cancel_at_period_end;
        }
        self.trial_ends_at = snapshot.trial_end.or(self.trial_ends_at);
        self.past_due_since = (snapshot.status == SubscriptionStatus::PastDue)
            .then(|| self.past_due_since.filter(|_| is_same).unwrap_or(mark.at));
        self.status = Some(snapshot.status);
        self.mark(mark);
    }

    fn mark(&mut self, mark: StateMark) {
        self.state = Some(mark);
        self.revision = self.revision.saturating_add(1);
    }

    /// Returns the tier and the cycle of the subscription. A price loses its lookup key to a newer one; a
    /// subscription at the old price keeps its tier.
    fn offer_of(&self, snapshot: &StripeSubscription, is_same: bool) -> (BillingPlan, Option<BillingCycle>) {
        if let Some(offer) = snapshot.lookup_key.as_deref().and_then(Offer::of_lookup_key) {
            return (offer.plan.into(), Some(offer.cycle));
        }
        if is_same && self.plan != BillingPlan::Free {
            return (self.plan, self.cycle);
        }
        let named = snapshot.metadata.get(PLAN);
        let plan = PaidPlan::ALL.iter().copied().find(|plan| named.is_some_and(|name| name == plan.as_str()));
        (plan.map_or(BillingPlan::Free, BillingPlan::from), None)
    }
}

/// Returns the rank of what a status allows, the larger the more: everything in a trial, the tier's
/// limit, that limit for a while, nothing.
const fn rights(status: Option<SubscriptionStatus>) -> u8 {
    match status {
        Some(SubscriptionStatus::Trialing) => 3,
        Some(SubscriptionStatus::Active) => 2,
        Some(SubscriptionStatus::PastDue) => 1,
        Some(
            SubscriptionStatus::Canceled
            | SubscriptionStatus::Incomplete
            | SubscriptionStatus::IncompleteExpired
            | SubscriptionStatus::Unpaid
            | SubscriptionStatus::Paused,
        )
        | None => 0,
    }
}

#[cfg(test)]
mod tests;
