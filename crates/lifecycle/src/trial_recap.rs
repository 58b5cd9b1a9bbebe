//! The recap of a trial: the figures of its invoices and reminders, and the mail that states them.

use rubis_billing::{
    BillingMailTerms, EndingTrial, Recap, RecapError, RecapFigures, TrialRecap, compose_recap, ending_trial,
    give_recap_up,
};
use rubis_db::{AsyncConnection as _, AsyncPgConnection, Pool};
use rubis_jobs::Lease;
use rubis_kernel::{Email, OrganizationId};
use rubis_stripe::{Charge, StripeError, StripeGateway};
use time::OffsetDateTime;

/// Returns the figures of an organization from one instant until before another.
///
/// # Errors
/// The database's.
pub async fn recap_figures(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    from: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<RecapFigures, diesel::result::Error> {
    let invoices = rubis_invoices::figures_between(conn, organization, from, until).await?;
    let relances_sent = rubis_relances::count_sent_between(conn, organization, from, until).await?;
    Ok(RecapFigures {
        invoices_imported: invoices.imported,
        relances_sent,
        recovered: invoices.recovered,
        rubis: relances_sent.saturating_add(invoices.paid),
    })
}

/// The mail to the owner about the end of the trial, which is to be sent; `None`, and the job finished, where
/// the trial was ended, cancelled, moved or replaced meanwhile. Stripe is asked for the
/// charge, outside of any transaction and with no connection held; a charge that Stripe does not know is no reason to
/// keep the mail back. The same again, as after a crash, is the same mail.
///
/// # Errors
/// [`RecapError`]; nothing was recorded then.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn claim_trial_recap(
    pool: &Pool,
    stripe: Option<&StripeGateway>,
    terms: &BillingMailTerms<'_>,
    job: &TrialRecap,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<Option<Email>, RecapError> {
    let conn = pool.get().await?;
    let is_wanted = ending_trial(&conn, job, terms.rules, now).await?.is_some();
    drop(conn);
    let charge = match stripe {
        Some(stripe) if is_wanted => charge_of(stripe, job).await?,
        _ => None,
    };
    let mut conn = pool.get().await?;
    conn.transaction(async |conn| {
        // The daily round asks again while the trial goes on.
        let owner = rubis_accounts::owner_of(conn, job.organization_id).await?;
        let is_reached = owner.is_none_or(|owner| owner.is_verified());
        let trial = ending_trial(conn, job, terms.rules, now).await?.filter(|_| is_reached);
        let Some(trial) = trial else {
            give_recap_up(conn, job, lease, now).await?;
            return Ok(None);
        };
        let email = compose(conn, terms, job, &trial, charge).await?;
        lease.confirm(conn).await?;
        Ok(Some(email))
    })
    .await
}

/// Returns the price of the subscription itself: its lookup key may name another price by now.
async fn charge_of(stripe: &StripeGateway, job: &TrialRecap) -> Result<Option<Charge>, StripeError> {
    match stripe.subscription(&job.subscription_id).await {
        Ok(subscription) => Ok(subscription.charge),
        Err(error) if error.is_transient() => Err(error),
        Err(_) => Ok(None),
    }
}

async fn compose(
    conn: &mut AsyncPgConnection,
    terms: &BillingMailTerms<'_>,
    job: &TrialRecap,
    trial: &EndingTrial,
    charge: Option<Charge>,
) -> Result<Email, RecapError> {
    let organization = rubis_accounts::organization(conn, job.organization_id).await?;
    let owner = rubis_accounts::owner_of(conn, job.organization_id).await?;
    let (Some(organization), Some(owner)) = (organization, owner) else {
        return Err(RecapError::NoOwner);
    };
    let figures = recap_figures(conn, organization.id, trial.began_at, trial.counted_until).await?;
    let recap = Recap {
        organization: &organization,
        owner: &owner,
        subscription: &job.subscription_id,
        trial,
        figures: &figures,
        charge,
    };
    Ok(compose_recap(terms, &recap)?)
}
