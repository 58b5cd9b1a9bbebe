//! The owner is told that a payment failed.

use rubis_accounts::{Organization, User};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_jobs::Lease;
use rubis_kernel::{Email, fill, fill_html, one_line};
use rubis_stripe::{StripeInvoiceId, SubscriptionStatus};

use crate::{
    PaymentFailedMail, RecapError, Subscription,
    mail::{BillingMailTerms, Content, addressed, day_french, without_subscription},
    subscription_of,
};

/// The mail that tells the owner that a payment failed, how to mend it, and until when nothing changes; `None`,
/// and the job finished, where the payment has come in meanwhile or the subscription has ended. In one
/// transaction; the same again is the same mail.
///
/// # Errors
/// [`RecapError`], but never [`RecapError::Stripe`].
pub async fn claim_payment_failed_mail(
    conn: &mut AsyncPgConnection,
    terms: &BillingMailTerms<'_>,
    job: &PaymentFailedMail,
    lease: &Lease,
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
        let owner = owner.ok_or(RecapError::NobodyToTell)?;
        lease.confirm(conn).await?;
        Ok(Some(compose(terms, &organization, &owner, &subscription, &job.stripe_invoice_id)))
    })
    .await
}

fn compose(
    terms: &BillingMailTerms<'_>,
    organization: &Organization,
    owner: &User,
    subscription: &Subscription,
    invoice: &StripeInvoiceId,
) -> Email {
    let plan = subscription.plan.name();
    let company = one_line(&organization.name);
    let grace = subscription.grace_ends_at(terms.rules).map(|end| day_french(organization, end));
    let until = grace.map_or_else(String::new, |end| {
        format!("Jusqu’au {end}, rien ne change\u{a0}: vos relances continuent de partir normalement.")
    });
    let after = without_subscription(terms.rules);
    let url = terms.links.subscription_page();
    let values = [
        ("plan", plan),
        ("organization", company.as_str()),
        ("until", &until),
        ("after", &after),
        ("url", &url),
    ];
    let content = Content {
        subject: format!("Le paiement de votre abonnement {plan} n’a pas abouti"),
        preview: format!("Mettez à jour votre carte. {until}"),
        text: fill(include_str!("templates/payment_failed.txt"), &values),
        html: fill_html(include_str!("templates/payment_failed.html"), &values, &[]),
    };
    addressed(terms, organization, owner, content, "payment-failed", invoice.as_str())
}

#[cfg(test)]
mod tests;
