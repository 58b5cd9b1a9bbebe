//! An organization's subscription, and the rights that follow from it.

use rubis_db::AsyncPgConnection;
use rubis_kernel::OrganizationId;
use rubis_stripe::{CustomerId, StripeInvoiceId, SubscriptionId, SubscriptionStatus};
use time::{Duration, OffsetDateTime};

use crate::{BillingCycle, BillingPlan, BillingRules, queries};

/// An organization's subscription, as far as Stripe has reported it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub organization_id: OrganizationId,
    /// The tier; `free` without a subscription and after its end.
    pub plan: BillingPlan,
    /// The status; `None` if there never was a subscription.
    pub status: Option<SubscriptionStatus>,
    pub cycle: Option<BillingCycle>,
    /// The organization at Stripe.
    pub customer: Option<CustomerId>,
    /// The subscription at Stripe, also after its end.
    pub stripe_id: Option<SubscriptionId>,
    /// Time at which it was created there.
    pub stripe_created_at: Option<OffsetDateTime>,
    /// Time until which it is paid, or on trial.
    pub current_period_end: Option<OffsetDateTime>,
    /// True if it ends at that time instead of being charged again.
    pub cancel_at_period_end: bool,
    /// Time at which the trial ends or ended. Never removed, because an organization has one trial.
    pub trial_ends_at: Option<OffsetDateTime>,
    /// Time since which a payment is missing.
    pub past_due_since: Option<OffsetDateTime>,
    /// The last invoice of Stripe's whose failed payment was announced to the owner.
    pub failed_invoice: Option<StripeInvoiceId>,
    /// The instant that the state describes.
    pub state: Option<StateMark>,
    /// Counts the changes of the state.
    pub revision: i64,
    /// Time at which the recap of the trial was first requested.
    pub recap_queued_at: Option<OffsetDateTime>,
    /// Time at which the recap was sent.
    pub recap_sent_at: Option<OffsetDateTime>,
}

/// The instant that a state describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateMark {
    pub at: OffsetDateTime,
    /// True if Stripe was asked for the state: the instant is then of our clock, otherwise of Stripe's.
    pub fetched: bool,
}

impl Subscription {
    /// Returns true if there is a subscription that is charged, or will be: a second one would be charged
    /// as well.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.status.is_some_and(is_live)
    }

    /// Returns true if the organization is on trial at this instant.
    #[must_use]
    pub fn is_in_trial(&self, now: OffsetDateTime) -> bool {
        self.status == Some(SubscriptionStatus::Trialing) && self.trial_ends_at.is_some_and(|end| now < end)
    }

    /// Returns the days of 24 hours that the trial still lasts, rounded up; 0 without a trial.
    #[must_use]
    pub fn trial_days_remaining(&self, now: OffsetDateTime) -> u32 {
        match self.trial_ends_at {
            Some(end) if self.is_in_trial(now) => days_rounded_up(end - now),
            _ => 0,
        }
    }

    /// Returns the time at which the limit of `free` begins to apply, unless the missing payment comes
    /// in.
    #[must_use]
    pub fn grace_ends_at(&self, rules: &BillingRules) -> Option<OffsetDateTime> {
        self.past_due_since.map(|since| since + rules.grace)
    }

    /// Returns the tier whose rights the organization has at this instant.
    #[must_use]
    pub fn effective_plan(&self, rules: &BillingRules, now: OffsetDateTime) -> BillingPlan {
        match self.status {
            Some(SubscriptionStatus::Trialing | SubscriptionStatus::Active) => self.plan,
            Some(SubscriptionStatus::PastDue) => {
                let in_grace = self.grace_ends_at(rules).is_some_and(|end| now < end);
                if in_grace { self.plan } else { BillingPlan::Free }
            }
            Some(
                SubscriptionStatus::Canceled
                | SubscriptionStatus::Incomplete
                | SubscriptionStatus::IncompleteExpired
                | SubscriptionStatus::Unpaid
                | SubscriptionStatus::Paused,
            )
            | None => BillingPlan::Free,
        }
    }

    /// Returns the number of invoices that may be chased at once at this instant; `None` is any number.
    #[must_use]
    pub fn invoice_limit(&self, rules: &BillingRules, now: OffsetDateTime) -> Option<u32> {
        if self.is_in_trial(now) { None } else { rules.limits.of(self.effective_plan(rules, now)) }
    }

    /// Returns true if the recap of the trial is still to be sent: it was not, the trial goes on, and
    /// will be charged at its end.
    #[must_use]
    pub fn awaits_recap(&self, now: OffsetDateTime) -> bool {
        self.is_in_trial(now) && !self.cancel_at_period_end && self.recap_sent_at.is_none()
    }
}

/// Returns true if a subscription in this state is charged, or will be.
pub(crate) const fn is_live(status: SubscriptionStatus) -> bool {
    match status {
        SubscriptionStatus::Trialing
        | SubscriptionStatus::Active
        | SubscriptionStatus::PastDue
        | SubscriptionStatus::Unpaid
        | SubscriptionStatus::Paused => true,
        SubscriptionStatus::Canceled
        | SubscriptionStatus::Incomplete
        | SubscriptionStatus::IncompleteExpired => false,
    }
}

fn days_rounded_up(left: Duration) -> u32 {
    let days = left.whole_days();
    let begun = if left > Duration::days(days) { 1 } else { 0 };
    u32::try_from(days.saturating_add(begun)).unwrap_or(0)
}

/// Returns the organization's subscription; an organization without a row has none.
pub async fn subscription_of(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
) -> Result<Subscription, diesel::result::Error> {
    let found = queries::subscriptions::find(conn, organization).await?;
    Ok(found.unwrap_or_else(|| Subscription::nothing_of(organization)))
}

impl Subscription {
    /// Returns the state of an organization that never subscribed.
    #[must_use]
    pub const fn nothing_of(organization: OrganizationId) -> Self {
        Self {
            organization_id: organization,
            plan: BillingPlan::Free,
            status: None,
            cycle: None,
            customer: None,
            stripe_id: None,
            stripe_created_at: None,
            current_period_end: None,
            cancel_at_period_end: false,
            trial_ends_at: None,
            past_due_since: None,
            failed_invoice: None,
            state: None,
            revision: 0,
            recap_queued_at: None,
            recap_sent_at: None,
        }
    }
}

#[cfg(test)]
mod tests;
