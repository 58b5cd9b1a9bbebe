//! A subscription as its owner sees it.

use rubis_stripe::SubscriptionStatus;
use time::OffsetDateTime;

use crate::{BillingCycle, BillingPlan, BillingRules, Subscription};

/// A subscription as its owner sees it at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionView {
    /// What is subscribed to.
    pub plan: BillingPlan,
    /// The plan whose rights the organization has: `free` once a missing payment has outlasted the grace.
    pub effective_plan: BillingPlan,
    /// Where the subscription stands; `None` where there never was one.
    pub status: Option<SubscriptionStatus>,
    /// How often it is charged.
    pub cycle: Option<BillingCycle>,
    /// Whether the trial goes on.
    pub in_trial: bool,
    /// When the trial ends or ended; who has one has used their trial.
    pub trial_ends_at: Option<OffsetDateTime>,
    /// How many days the trial still lasts, rounded up; 0 without a trial.
    pub trial_days_remaining: u32,
    /// Until when it is paid, or on trial.
    pub current_period_end: Option<OffsetDateTime>,
    /// Whether it ends then.
    pub cancel_at_period_end: bool,
    /// Since when a payment is missing.
    pub past_due_since: Option<OffsetDateTime>,
    /// When the limit of `free` begins to apply because of that.
    pub grace_ends_at: Option<OffsetDateTime>,
    /// How many invoices may be chased at once; `None` is any number.
    pub invoice_limit: Option<u32>,
    /// How many are.
    pub invoices_chased: u32,
    /// Whether no further one may be.
    pub is_at_limit: bool,
}

impl SubscriptionView {
    /// The view of a subscription of which this many invoices are being chased.
    #[must_use]
    pub fn new(
        subscription: &Subscription,
        invoices_chased: u32,
        rules: &BillingRules,
        now: OffsetDateTime,
    ) -> Self {
        let invoice_limit = subscription.invoice_limit(rules, now);
        Self {
            plan: subscription.plan,
            effective_plan: subscription.effective_plan(rules, now),
            status: subscription.status,
            cycle: subscription.cycle,
            in_trial: subscription.is_in_trial(now),
            trial_ends_at: subscription.trial_ends_at,
            trial_days_remaining: subscription.trial_days_remaining(now),
            current_period_end: subscription.current_period_end,
            cancel_at_period_end: subscription.cancel_at_period_end,
            past_due_since: subscription.past_due_since,
            grace_ends_at: subscription.grace_ends_at(rules),
            invoice_limit,
            invoices_chased,
            is_at_limit: invoice_limit.is_some_and(|limit| invoices_chased >= limit),
        }
    }
}
