//! Rubis's own subscription.

use rubis_billing::SubscriptionView;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::labels;

/// What the organization subscribes to, and how much of it is used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionBody {
    /// What is subscribed to; `free` without a subscription.
    #[schema(value_type = labels::BillingPlan)]
    pub plan: &'static str,
    /// The plan whose limits apply: `free` once a missing payment has outlasted the grace.
    #[schema(value_type = labels::BillingPlan)]
    pub effective_plan: &'static str,
    /// Where the subscription stands, in Stripe's words; `null`: there never was one.
    #[schema(value_type = Option<labels::SubscriptionStatus>, required)]
    pub status: Option<&'static str>,
    /// How often it is charged.
    #[schema(value_type = Option<labels::BillingCycle>, required)]
    pub cycle: Option<&'static str>,
    /// Whether the trial goes on.
    pub in_trial: bool,
    /// When the trial ends or ended; not `null`: there is no second one.
    #[schema(required)]
    #[serde(with = "time::serde::rfc3339::option")]
    pub trial_ends_at: Option<OffsetDateTime>,
    /// How many days the trial still lasts, rounded up; 0 without one.
    pub trial_days_remaining: u32,
    /// Until when it is paid, or on trial.
    #[schema(required)]
    #[serde(with = "time::serde::rfc3339::option")]
    pub current_period_end: Option<OffsetDateTime>,
    /// Whether it ends then instead of being charged again.
    pub cancel_at_period_end: bool,
    /// Since when a payment is missing.
    #[schema(required)]
    #[serde(with = "time::serde::rfc3339::option")]
    pub past_due_since: Option<OffsetDateTime>,
    /// When the limits of `free` begin to apply because of that.
    #[schema(required)]
    #[serde(with = "time::serde::rfc3339::option")]
    pub grace_ends_at: Option<OffsetDateTime>,
    /// What is allowed at this moment.
    pub limits: PlanLimitsBody,
    /// How much of it is used.
    pub usage: PlanUsageBody,
    /// Whether no further invoice may be chased.
    pub is_at_limit: bool,
}

/// What a plan allows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanLimitsBody {
    /// How many invoices may be chased at once; `null`: any number.
    #[schema(required)]
    pub chased_invoices: Option<u32>,
}

/// How much of a plan is used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanUsageBody {
    /// How many invoices are chased: open ones with a plan. More than the limit after a downgrade.
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
