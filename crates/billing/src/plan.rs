//! Tiers and billing cycles.

use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use rubis_db::{pg_enum, schema::sql_types};

/// Tiers of an organization, the smallest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::BillingPlan)]
pub enum BillingPlan {
    /// Without a subscription.
    #[default]
    Free,
    /// For a company that chases its own invoices.
    Pro,
    /// For a company with many invoices.
    Business,
}

pg_enum!(BillingPlan, sql_types::BillingPlan {
    Free => "free",
    Pro => "pro",
    Business => "business",
});

impl BillingPlan {
    /// Returns the name of the tier for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Free => "Rubis Gratuit",
            Self::Pro => "Rubis Pro",
            Self::Business => "Rubis Business",
        }
    }
}

/// The interval at which a subscription is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::BillingCycle)]
pub enum BillingCycle {
    Monthly,
    Yearly,
}

pg_enum!(BillingCycle, sql_types::BillingCycle {
    Monthly => "monthly",
    Yearly => "yearly",
});

/// A tier that is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaidPlan {
    Pro,
    Business,
}

impl PaidPlan {
    pub const ALL: &'static [Self] = &[Self::Pro, Self::Business];

    /// Returns the name used in the API and in Stripe's metadata.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pro => "pro",
            Self::Business => "business",
        }
    }
}

impl From<PaidPlan> for BillingPlan {
    fn from(plan: PaidPlan) -> Self {
        match plan {
            PaidPlan::Pro => Self::Pro,
            PaidPlan::Business => Self::Business,
        }
    }
}

/// A tier and its billing cycle. Stripe has one price for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Offer {
    pub plan: PaidPlan,
    pub cycle: BillingCycle,
}

impl Offer {
    /// Returns the lookup key of its price at Stripe, `rubis_{plan}_{cycle}`.
    #[must_use]
    pub fn lookup_key(self) -> String {
        format!("rubis_{}_{}", self.plan.as_str(), self.cycle.as_str())
    }

    /// Returns the offer whose price has this lookup key.
    #[must_use]
    pub fn of_lookup_key(key: &str) -> Option<Self> {
        let (plan, cycle) = key.strip_prefix("rubis_")?.split_once('_')?;
        let plan = PaidPlan::ALL.iter().copied().find(|known| known.as_str() == plan)?;
        let cycle = BillingCycle::ALL.iter().copied().find(|known| known.as_str() == cycle)?;
        Some(Self { plan, cycle })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_found_by_the_key_of_its_price() {
        for plan in PaidPlan::ALL.iter().copied() {
            for cycle in BillingCycle::ALL.iter().copied() {
                let offer = Offer { plan, cycle };
                assert_eq!(Offer::of_lookup_key(&offer.lookup_key()), Some(offer));
            }
        }
        let yearly = Offer { plan: PaidPlan::Business, cycle: BillingCycle::Yearly };
        assert_eq!(yearly.lookup_key(), "rubis_business_yearly");
    }

    #[test]
    fn no_other_key_is_an_offer() {
        for key in
            ["", "rubis_free_monthly", "rubis_pro", "rubis_pro_weekly", "pro_monthly", "rubis_pro_monthly_2"]
        {
            assert_eq!(Offer::of_lookup_key(key), None, "{key}");
        }
    }
}
