//! A subscription as its owner sees it.

use rubis_stripe::SubscriptionStatus;
use time::OffsetDateTime;

use crate::{BillingCycle, BillingPlan, BillingRules, Subscription};

/// A subscription as its owner sees it at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionView {
    pub plan: BillingPlan,
    /// The tier whose rights the organization has: `free` once a missing payment has outlasted the grace.
    pub effective_plan: BillingPlan,
    /// The status; `None` if there never was a subscription.
    pub status: Option<SubscriptionStatus>,
    pub cycle: Option<BillingCycle>,
    /// True while the trial lasts.
    pub in_trial: bool,
    /// Time at which the trial ends or ended. An organization has one trial.
    pub trial_ends_at: Option<OffsetDateTime>,
    /// Days that the trial still lasts, rounded up; 0 without a trial.
    pub trial_days_remaining: u32,
    /// Time until which it is paid, or on trial.
    pub current_period_end: Option<OffsetDateTime>,
    /// True if it ends at that time.
    pub cancel_at_period_end: bool,
    /// Time since which a payment is missing.
    pub past_due_since: Option<OffsetDateTime>,
    /// Time at which the limit of `free` begins to apply because of the missing payment.
    pub grace_ends_at: Option<OffsetDateTime>,
    /// Number of invoices that may be chased at once; `None` is any number.
    pub invoice_limit: Option<u32>,
    /// Number of invoices that are chased.
    pub invoices_chased: u32,
    /// True if no further invoice may be chased.
    pub is_at_limit: bool,
}

impl SubscriptionView {
    /// Returns the view of a subscription, given the number of chased invoices.
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
