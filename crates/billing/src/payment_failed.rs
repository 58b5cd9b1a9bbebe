//! The mail to the owner about a failed payment.

use rubis_accounts::{Organization, User};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_jobs::Lease;
use rubis_kernel::{Email, RenderError, one_line};
use rubis_stripe::SubscriptionStatus;
use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    PaymentFailedMail, RecapError, Subscription,
    mail::{BillingMailTerms, MAILS, addressed, day_french, without_subscription},
    queries::subscriptions,
    subscription_of,
};

/// Composes the mail to the owner about a failed payment, with the way to fix it and the end of the
/// grace. Returns `None`, and finishes the job, if the payment has come in meanwhile or the subscription
/// has ended. Runs in one transaction; unchanged facts give the same mail again.
///
/// # Errors
/// [`RecapError`], but never [`RecapError::Stripe`] or [`RecapError::Pool`].
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn claim_payment_failed_mail(
    conn: &mut AsyncPgConnection,
    terms: &BillingMailTerms<'_>,
    job: &PaymentFailedMail,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<Option<Email>, RecapError> {
    conn.transaction(async |conn| {
        let subscription = subscription_of(conn, job.organization_id).await?;
        let organization = rubis_accounts::organization(conn, job.organization_id).await?;
        let is_missing = subscription.status == Some(SubscriptionStatus::PastDue);
        let Some(organization) = organization.filter(|_| is_missing) else {
            lease.finish(conn).await?;
            return Ok(None);
        };
        let owner = rubis_accounts::owner_of(conn, organization.id).await?;
        let owner = owner.ok_or(RecapError::NoOwner)?;
        if !owner.is_verified() {
            give_payment_failed_mail_up(conn, job, now).await?;
            lease.finish(conn).await?;
            return Ok(None);
        }
        lease.confirm(conn).await?;
        Ok(Some(compose(terms, &organization, &owner, &subscription, job, now)?))
    })
    .await
}

/// Records that the mail was given up, so that Stripe's next attempt at the same invoice requests it
/// again. Call it in a transaction.
#[tracing::instrument(skip_all, fields(job = %rubis_jobs::Job::id(job)))]
pub async fn give_payment_failed_mail_up(
    conn: &mut AsyncPgConnection,
    job: &PaymentFailedMail,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let Some(mut subscription) = subscriptions::lock(conn, job.organization_id).await? else { return Ok(()) };
    if subscription.failed_invoice.as_ref() == Some(&job.stripe_invoice_id) {
        subscription.failed_invoice = None;
        subscriptions::save(conn, &subscription, now).await?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Values<'a> {
    plan: &'a str,
    organization: String,
    retry: &'a str,
    /// The preview text that mail programs show beside the subject.
    preview: String,
    until: Option<String>,
    limits: String,
    url: String,
}

fn compose(
    terms: &BillingMailTerms<'_>,
    organization: &Organization,
    owner: &User,
    subscription: &Subscription,
    job: &PaymentFailedMail,
    now: OffsetDateTime,
) -> Result<Email, RenderError> {
    let plan = subscription.plan.name();
    let retry = if job.next_attempt_at.is_some_and(|at| now < at) {
        "Nous présenterons de nouveau le paiement dans les prochains jours\u{202f}; s’il passe, vous n’avez rien \
         d’autre à faire."
    } else {
        "Ce paiement ne sera plus présenté automatiquement\u{a0}: une fois votre carte à jour, réglez la facture \
         en attente depuis la même page."
    };
    let grace = subscription.grace_ends_at(terms.rules).filter(|end| now < *end);
    let until = grace.map(|end| {
        let end = day_french(organization, end);
        format!("Jusqu’au {end}, rien ne change\u{a0}: vos relances continuent de partir normalement.")
    });
    let since = if until.is_some() {
        "Passé cette date, si le paiement manque toujours, les limites de l’offre gratuite s’appliquent"
    } else {
        "Tant que le paiement manque, les limites de l’offre gratuite s’appliquent"
    };
    let limits = format!("{since}\u{a0}: {}", without_subscription(terms.rules));
    let values = Values {
        plan,
        organization: one_line(&organization.name),
        retry,
        preview: format!("Mettez à jour votre carte. {}", until.as_ref().unwrap_or(&limits)),
        until,
        limits,
        url: terms.links.subscription_page(),
    };
    let content = MAILS.mail("payment_failed", values)?;
    Ok(addressed(terms, owner, content, "payment-failed", job.stripe_invoice_id.as_str()))
}

#[cfg(test)]
mod tests;
