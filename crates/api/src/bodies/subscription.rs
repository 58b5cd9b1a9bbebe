//! Rubis's own subscription.

use rubis_billing::SubscriptionView;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::labels;

/// The organization's subscription and its usage.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionBody {
    /// The tier of the subscription; `free` without a subscription.
    #[schema(value_type = labels::BillingPlan)]
    pub plan: &'static str,
    /// The tier whose limits apply: `free` once a missing payment has outlasted the grace.
    #[schema(value_type = labels::BillingPlan)]
    pub effective_plan: &'static str,
    /// The status of the subscription, in Stripe's words; `null` if there never was one.
    #[schema(value_type = Option<labels::SubscriptionStatus>, required)]
    pub status: Option<&'static str>,
    /// The billing cycle.
    #[schema(value_type = Option<labels::BillingCycle>, required)]
    pub cycle: Option<&'static str>,
    /// True while the trial lasts.
    pub in_trial: bool,
    /// Time at which the trial ends or ended. If it is not `null`, there is no second trial.
    #[schema(required)]
    #[serde(with = "time::serde::rfc3339::option")]
    pub trial_ends_at: Option<OffsetDateTime>,
    /// Days that the trial still lasts, rounded up; 0 without a trial.
    pub trial_days_remaining: u32,
    /// Time until which it is paid, or on trial.
    #[schema(required)]
    #[serde(with = "time::serde::rfc3339::option")]
    pub current_period_end: Option<OffsetDateTime>,
    /// True if it ends at that time instead of being charged again.
    pub cancel_at_period_end: bool,
    /// Time since which a payment is missing.
    #[schema(required)]
    #[serde(with = "time::serde::rfc3339::option")]
    pub past_due_since: Option<OffsetDateTime>,
    /// Time at which the limits of `free` begin to apply because of the missing payment.
    #[schema(required)]
    #[serde(with = "time::serde::rfc3339::option")]
    pub grace_ends_at: Option<OffsetDateTime>,
    /// The limits that apply now.
    pub limits: PlanLimitsBody,
    /// The usage that counts towards the limits.
    pub usage: PlanUsageBody,
    /// True if no further invoice may be chased.
    pub is_at_limit: bool,
}

/// The limits of a tier.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanLimitsBody {
    /// Number of invoices that may be chased at once; `null`: any number.
    #[schema(required)]
    pub chased_invoices: Option<u32>,
}

/// The usage of a tier.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanUsageBody {
    /// Number of chased invoices: open ones with a plan. It exceeds the limit after a downgrade.
    pub chased_invoices: u32,
}

impl From<SubscriptionView> for SubscriptionBody {
    fn from(view: SubscriptionView) -> Self {
        Self {
            plan: view.plan.as_str(),
            effective_plan: view.effective_plan.as_str(),
            status: view.status.map(rubis_stripe::SubscriptionStatus::as_str),
            cycle: view.cycle.map(rubis_billing::BillingCycle::as_str),
            in_trial: view.in_trial,
            trial_ends_at: view.trial_ends_at,
            trial_days_remaining: view.trial_days_remaining,
            current_period_end: view.current_period_end,
            cancel_at_period_end: view.cancel_at_period_end,
            past_due_since: view.past_due_since,
            grace_ends_at: view.grace_ends_at,
            limits: PlanLimitsBody { chased_invoices: view.invoice_limit },
            usage: PlanUsageBody { chased_invoices: view.invoices_chased },
            is_at_limit: view.is_at_limit,
        }
    }
}
