//! What operations set about plans: their limits, the trial and the grace.

use time::Duration;

use crate::BillingPlan;

/// How many invoices each plan lets be chased at once; `None` is any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanLimits {
    /// Without a subscription.
    pub free: Option<u32>,
    /// With Pro.
    pub pro: Option<u32>,
    /// With Business.
    pub business: Option<u32>,
}

impl PlanLimits {
    /// The limit of a plan.
    #[must_use]
    pub const fn of(self, plan: BillingPlan) -> Option<u32> {
        match plan {
            BillingPlan::Free => self.free,
            BillingPlan::Pro => self.pro,
            BillingPlan::Business => self.business,
        }
    }

    /// Whether no plan has a limit, so that nothing has to be looked up.
    #[must_use]
    pub const fn are_none(self) -> bool {
        self.free.is_none() && self.pro.is_none() && self.business.is_none()
    }
}

/// What operations set about plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillingRules {
    /// How many invoices are chased at once.
    pub limits: PlanLimits,
    /// For how long after a failed payment the plan's own limit stays.
    pub grace: Duration,
    /// How long a trial lasts, in days of 24 hours.
    pub trial_days: u32,
}

impl BillingRules {
    /// The rules, but without any limit: for what is about something else.
    #[must_use]
    pub fn without_limits() -> Self {
        Self { limits: PlanLimits { free: None, pro: None, business: None }, ..Self::default() }
    }
}

impl Default for BillingRules {
    fn default() -> Self {
        Self {
            limits: PlanLimits { free: Some(2), pro: Some(100), business: None },
            grace: Duration::days(7),
            trial_days: 14,
        }
    }
}

/// As many invoices are being chased as the plan allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plan lets {limit} invoices be chased at once, and {usage} are")]
pub struct PlanLimitReached {
    /// How many the plan allows.
    pub limit: u32,
    /// How many are being chased: more than the limit after a downgrade.
    pub usage: u32,
}
