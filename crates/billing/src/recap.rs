//! The recap of a trial: the figures of a company's activity during it.

use rubis_db::{AsyncConnection as _, AsyncPgConnection};
use rubis_jobs::{FinishError, Lease};
use rubis_kernel::Money;
use time::{Duration, OffsetDateTime};

use crate::{BillingRules, Offer, PaidPlan, Subscription, TrialRecap, queries::subscriptions};

/// The figures of a company's activity in a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecapFigures {
    /// Number of invoices that were created.
    pub invoices_imported: u64,
    /// Number of reminders that were sent.
    pub relances_sent: u64,
    /// The recovered amounts, one for each currency, the largest first.
    pub recovered: Vec<Money>,
    /// The points of the product: one for each reminder that was sent and one for each invoice that was
    /// paid.
    pub rubis: u64,
}

/// A trial whose recap is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingTrial {
    /// The start of the trial.
    pub began_at: OffsetDateTime,
    /// The end of the trial.
    pub ends_at: OffsetDateTime,
    /// The end of the counted period: the time at which the recap was requested, however often its mail
    /// is tried.
    pub counted_until: OffsetDateTime,
    /// The offer that is subscribed to, if it is one of ours.
    pub offer: Option<Offer>,
}

/// The recap of a trial cannot be composed.
#[derive(Debug, thiserror::Error)]
pub enum RecapError {
    /// Another worker has the job.
    #[error("the lease was lost")]
    LeaseLost,
    /// The organization has no owner to notify.
    #[error("the organization has no owner")]
    NoOwner,
    /// The price could not be read from Stripe.
    #[error(transparent)]
    Stripe(#[from] rubis_stripe::StripeError),
    /// No database connection was available.
    #[error(transparent)]
    Pool(#[from] rubis_db::PoolError),
    #[error(transparent)]
    Render(#[from] rubis_kernel::RenderError),
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

/// Returns the trial of a recap; `None` if it was ended, cancelled or replaced since the recap was
/// requested.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
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
        // The request is withdrawn if the end was moved since: the recap is requested again three days
        // before the new end.
        counted_until: subscription.recap_queued_at?,
        offer: plan.zip(subscription.cycle).map(|(plan, cycle)| Offer { plan, cycle }),
    })
}

/// Records that no recap is to be sent in the current state, and finishes the job. If the owner changes
/// their mind during the trial, the recap is requested again. Call it in a transaction.
///
/// # Errors
/// [`FinishError::LeaseLost`] if another worker may have the job.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
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

/// Records that the recap was sent at an instant, and finishes the job. If the end of the trial was moved
/// meanwhile, its recap is still to be sent.
///
/// # Errors
/// [`FinishError::LeaseLost`] if another worker may have the job.
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
