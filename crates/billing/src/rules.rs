//! The settings of tiers: their limits, the trial and the grace.

use time::Duration;

use crate::BillingPlan;

/// Number of invoices that each tier lets be chased at once; `None` is any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanLimits {
    pub free: Option<u32>,
    pub pro: Option<u32>,
    pub business: Option<u32>,
}

impl PlanLimits {
    /// Returns the limit of a tier.
    #[must_use]
    pub const fn of(self, plan: BillingPlan) -> Option<u32> {
        match plan {
            BillingPlan::Free => self.free,
            BillingPlan::Pro => self.pro,
            BillingPlan::Business => self.business,
        }
    }

    /// Returns true if no tier has a limit, so that no row has to be read.
    #[must_use]
    pub const fn are_none(self) -> bool {
        self.free.is_none() && self.pro.is_none() && self.business.is_none()
    }
}

/// The settings of tiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillingRules {
    /// Limits on chased invoices.
    pub limits: PlanLimits,
    /// Time after a failed payment for which the tier's own limit still applies.
    pub grace: Duration,
    /// Length of a trial, in days of 24 hours.
    pub trial_days: u32,
}

impl BillingRules {
    /// Returns the default rules without any limit, for callers to which limits are irrelevant.
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

/// The number of chased invoices has reached the limit of the tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plan lets {limit} invoices be chased at once, and {usage} are")]
pub struct PlanLimitReached {
    pub limit: u32,
    /// Number of chased invoices. It exceeds the limit after a downgrade.
    pub usage: u32,
}
