//! What an organization subscribes to, and what follows from it.

use rubis_db::AsyncPgConnection;
use rubis_kernel::OrganizationId;
use rubis_stripe::{CustomerId, StripeInvoiceId, SubscriptionId, SubscriptionStatus};
use time::{Duration, OffsetDateTime};

use crate::{BillingCycle, BillingPlan, BillingRules, queries};

/// What an organization subscribes to, as far as Stripe has told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What is subscribed to; `free` without a subscription and after its end.
    pub plan: BillingPlan,
    /// Where the subscription stands; `None` where there never was one.
    pub status: Option<SubscriptionStatus>,
    /// How often it is charged.
    pub cycle: Option<BillingCycle>,
    /// The organization at Stripe.
    pub customer: Option<CustomerId>,
    /// The subscription at Stripe, also after its end.
    pub stripe_id: Option<SubscriptionId>,
    /// When it was made there.
    pub stripe_created_at: Option<OffsetDateTime>,
    /// Until when it is paid, or on trial.
    pub current_period_end: Option<OffsetDateTime>,
    /// Whether it ends then rather than being charged again.
    pub cancel_at_period_end: bool,
    /// When the trial ends or ended. Stays for ever: who has one has used their trial.
    pub trial_ends_at: Option<OffsetDateTime>,
    /// Since when a payment is missing.
    pub past_due_since: Option<OffsetDateTime>,
    /// The last invoice of Stripe's whose failed payment the owner was told about.
    pub failed_invoice: Option<StripeInvoiceId>,
    /// What instant the state is of.
    pub state: Option<StateMark>,
    /// Counts the changes of the state.
    pub revision: i64,
    /// When the recap of the trial was first asked for.
    pub recap_queued_at: Option<OffsetDateTime>,
    /// When it was sent.
    pub recap_sent_at: Option<OffsetDateTime>,
}

/// The instant that a state is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateMark {
    /// When the state was so.
    pub at: OffsetDateTime,
    /// Whether Stripe was asked for it: the instant is of our clock then, and else of Stripe's.
    pub fetched: bool,
}

impl Subscription {
    /// Whether there is a subscription that is charged, or will be: a second one would be charged beside it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.status.is_some_and(is_live)
    }

    /// Whether the organization tries Rubis out at this instant.
    #[must_use]
    pub fn is_in_trial(&self, now: OffsetDateTime) -> bool {
        self.status == Some(SubscriptionStatus::Trialing) && self.trial_ends_at.is_some_and(|end| now < end)
    }

    /// How many days of 24 hours the trial still lasts, rounded up; 0 without a trial.
    #[must_use]
    pub fn trial_days_remaining(&self, now: OffsetDateTime) -> u32 {
        match self.trial_ends_at {
            Some(end) if self.is_in_trial(now) => days_rounded_up(end - now),
            _ => 0,
        }
    }

    /// When the limit of `free` begins to apply, unless the missing payment comes in.
    #[must_use]
    pub fn grace_ends_at(&self, rules: &BillingRules) -> Option<OffsetDateTime> {
        self.past_due_since.map(|since| since + rules.grace)
    }

    /// The plan whose rights the organization has at this instant.
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

    /// How many invoices may be chased at once at this instant; `None` is any number.
    #[must_use]
    pub fn invoice_limit(&self, rules: &BillingRules, now: OffsetDateTime) -> Option<u32> {
        if self.is_in_trial(now) { None } else { rules.limits.of(self.effective_plan(rules, now)) }
    }

    /// Whether the recap of the trial is to be sent still: it was not, the trial goes on, and will be charged
    /// at its end.
    #[must_use]
    pub fn awaits_recap(&self, now: OffsetDateTime) -> bool {
        self.is_in_trial(now) && !self.cancel_at_period_end && self.recap_sent_at.is_none()
    }
}

/// Whether a subscription in this state is charged, or will be.
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

/// What the organization subscribes to; one of which nothing is on record has nothing.
///
/// # Errors
/// The database's.
pub async fn subscription_of(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
) -> Result<Subscription, diesel::result::Error> {
    let found = queries::subscriptions::find(conn, organization).await?;
    Ok(found.unwrap_or_else(|| Subscription::nothing_of(organization)))
}

impl Subscription {
    /// What an organization has that never subscribed.
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
