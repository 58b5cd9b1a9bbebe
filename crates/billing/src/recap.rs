//! The recap of a trial: what Rubis did for a company while it tried it out.

use rubis_db::{AsyncConnection as _, AsyncPgConnection};
use rubis_jobs::{FinishError, Lease};
use rubis_kernel::Money;
use time::{Duration, OffsetDateTime};

use crate::{BillingRules, Offer, PaidPlan, Subscription, TrialRecap, queries::subscriptions};

/// What Rubis did for a company in a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecapFigures {
    /// How many invoices were put in.
    pub invoices_imported: u64,
    /// How many reminders left.
    pub relances_sent: u64,
    /// What came in, one amount for each currency, the largest first.
    pub recovered: Vec<Money>,
    /// The points of the product: one for each reminder that left and one for each invoice that was paid.
    pub rubis: u64,
}

/// A trial whose recap is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingTrial {
    /// When it began.
    pub began_at: OffsetDateTime,
    /// When it ends.
    pub ends_at: OffsetDateTime,
    /// Until when is told what happened: when the recap was asked for, however often it has to be tried.
    pub counted_until: OffsetDateTime,
    /// What is subscribed to, where it is one of our offers.
    pub offer: Option<Offer>,
}

/// Why the recap of a trial can't be written.
#[derive(Debug, thiserror::Error)]
pub enum RecapError {
    /// Another worker has the job.
    #[error("the lease was lost")]
    LeaseLost,
    /// The organization has no owner to tell.
    #[error("the organization has no owner")]
    NobodyToTell,
    /// Stripe does not tell the price at the moment.
    #[error(transparent)]
    Stripe(#[from] rubis_stripe::StripeError),
    /// No connection could be had.
    #[error(transparent)]
    Pool(#[from] rubis_db::PoolError),
    /// The mail cannot be written.
    #[error(transparent)]
    Render(#[from] rubis_kernel::RenderError),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

impl From<FinishError> for RecapError {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::LeaseLost => Self::LeaseLost,
            FinishError::Database(error) => Self::Database(error),
        }
    }
}

/// The trial that a recap is about; `None` where it was ended, cancelled or replaced since the recap was
/// asked for.
///
/// # Errors
/// The database's.
pub async fn ending_trial(
    conn: &AsyncPgConnection,
    job: &TrialRecap,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Result<Option<EndingTrial>, diesel::result::Error> {
    let found = subscriptions::find(conn, job.organization_id).await?;
    Ok(found.and_then(|subscription| of(&subscription, job, rules, now)))
}

fn of(
    subscription: &Subscription,
    job: &TrialRecap,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Option<EndingTrial> {
    if !subscription.is_about(&job.subscription_id) || !subscription.awaits_recap(now) {
        return None;
    }
    let ends_at = subscription.trial_ends_at?;
    let trial = Duration::days(rules.trial_days.into());
    let plan = PaidPlan::ALL.iter().copied().find(|plan| subscription.plan == (*plan).into());
    Some(EndingTrial {
        began_at: subscription.stripe_created_at.unwrap_or(ends_at - trial),
        ends_at,
        // Withdrawn where the end was moved since: it is asked for again three days before the new one.
        counted_until: subscription.recap_queued_at?,
        offer: plan.zip(subscription.cycle).map(|(plan, cycle)| Offer { plan, cycle }),
    })
}

/// Records that no recap is to be sent as things stand, and finishes the job: should the owner change their
/// mind while the trial goes on, it is asked for again. Call it in a transaction.
///
/// # Errors
/// [`FinishError::LeaseLost`] when another worker may have the job.
pub async fn give_recap_up(
    conn: &mut AsyncPgConnection,
    job: &TrialRecap,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<(), FinishError> {
    let locked = subscriptions::lock(conn, job.organization_id).await?;
    if let Some(mut subscription) = locked
        && subscription.is_about(&job.subscription_id)
    {
        subscription.recap_queued_at = None;
        subscriptions::save(conn, &subscription, now).await?;
    }
    lease.finish(conn).await
}

/// Records that the recap was sent at an instant, and finishes the job. Where the end of the trial was moved
/// meanwhile, its recap is still to come.
///
/// # Errors
/// [`FinishError::LeaseLost`] when another worker may have the job.
pub async fn record_recap_sent(
    conn: &mut AsyncPgConnection,
    job: &TrialRecap,
    lease: &Lease,
    sent_at: OffsetDateTime,
) -> Result<(), FinishError> {
    conn.transaction(async |conn| {
        let locked = subscriptions::lock(conn, job.organization_id).await?;
        if let Some(mut subscription) = locked
            && subscription.is_about(&job.subscription_id)
            && subscription.recap_queued_at.is_some()
        {
            subscription.recap_sent_at = Some(sent_at);
            subscriptions::save(conn, &subscription, sent_at).await?;
        }
        lease.finish(conn).await
    })
    .await
}
