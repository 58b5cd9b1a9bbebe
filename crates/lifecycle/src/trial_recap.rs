//! The recap of a trial: the figures of its invoices and reminders, and the mail that tells them.

use rubis_billing::{
    BillingMailTerms, EndingTrial, Recap, RecapError, RecapFigures, TrialRecap, compose_recap, ending_trial,
    give_recap_up,
};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_jobs::Lease;
use rubis_kernel::{Email, OrganizationId};
use rubis_stripe::{Price, StripeError, StripeGateway};
use time::OffsetDateTime;

/// What Rubis did for an organization from one instant until before another.
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

/// The mail that tells the owner how the trial went, which is to be sent; `None`, and the job finished, where
/// the trial was ended, cancelled or replaced meanwhile. Stripe is asked for the price outside of any
/// transaction. The same again, as after a crash, is the same mail.
///
/// # Errors
/// [`RecapError`]; nothing was recorded then.
pub async fn claim_trial_recap(
    conn: &mut AsyncPgConnection,
    stripe: &StripeGateway,
    terms: &BillingMailTerms<'_>,
    job: &TrialRecap,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<Option<Email>, RecapError> {
    let price = match ending_trial(conn, job, terms.rules, now).await? {
        Some(EndingTrial { offer: Some(offer), .. }) => match stripe.price(&offer.lookup_key()).await {
            Ok(price) => Some(price),
            // Nothing is gained by asking again: the mail leaves without an amount.
            Err(StripeError::NotFound { .. }) => None,
            Err(error) => return Err(error.into()),
        },
        _ => None,
    };
    conn.transaction(async |conn| {
        let Some(trial) = ending_trial(conn, job, terms.rules, now).await? else {
            give_recap_up(conn, job, lease, now).await?;
            return Ok(None);
        };
        let email = compose(conn, terms, job, &trial, price.as_ref()).await?;
        lease.confirm(conn).await?;
        Ok(Some(email))
    })
    .await
}

async fn compose(
    conn: &mut AsyncPgConnection,
    terms: &BillingMailTerms<'_>,
    job: &TrialRecap,
    trial: &EndingTrial,
    price: Option<&Price>,
) -> Result<Email, RecapError> {
    let organization = rubis_accounts::organization(conn, job.organization_id).await?;
    let owner = rubis_accounts::owner_of(conn, job.organization_id).await?;
    let (Some(organization), Some(owner)) = (organization, owner) else {
        return Err(RecapError::NobodyToTell);
    };
    let figures = recap_figures(conn, organization.id, trial.began_at, trial.counted_until).await?;
    let recap = Recap {
        organization: &organization,
        owner: &owner,
        subscription: &job.subscription_id,
        trial,
        figures: &figures,
        price,
    };
    Ok(compose_recap(terms, &recap))
}
