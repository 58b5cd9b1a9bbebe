//! The trial: a card is collected on Stripe's page, and not charged before the trial ends.

use rubis_db::Pool;
use rubis_kernel::{OrganizationId, sha256};
use rubis_stripe::{CheckoutSession, NewCheckout, StripeGateway, TrialTerms};
use time::{OffsetDateTime, UtcOffset};

use crate::{
    BillingLinks, BillingRules, Offer,
    customer::{CustomerError, Payer},
    only_checkout::{OnlyCheckout, open_only},
    start_checkout::metadata,
};

/// A trial could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartTrialError {
    /// The organization had its trial, or has a subscription.
    #[error("the organization had its trial, or has a subscription")]
    AlreadyConsumed,
    /// The customer could not be created, or Stripe or the database failed.
    #[error(transparent)]
    Customer(#[from] CustomerError),
}

impl From<rubis_stripe::StripeError> for StartTrialError {
    fn from(error: rubis_stripe::StripeError) -> Self {
        Self::Customer(error.into())
    }
}

/// Starts the Checkout of the organization's trial, to which the browser is then sent. Requested again on
/// the same day it is the same Checkout, so that it is not completed twice. Another that is still open is
/// ended. Calls Stripe outside of any transaction, holding no connection.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn start_trial(
    pool: &Pool,
    stripe: &StripeGateway,
    links: &BillingLinks,
    organization: OrganizationId,
    offer: Offer,
    rules: &BillingRules,
    now: OffsetDateTime,
) -> Result<CheckoutSession, StartTrialError> {
    let payer = Payer::read(pool, organization).await?;
    if payer.subscription.trial_ends_at.is_some() || payer.subscription.is_live() {
        return Err(StartTrialError::AlreadyConsumed);
    }
    let price = stripe.price(&offer.lookup_key()).await?;
    let customer = payer.customer(pool, stripe, now).await?;
    let mut metadata = metadata(organization, offer);
    metadata.insert("is_trial".to_owned(), "true".to_owned());
    let mut checkout = NewCheckout {
        organization_id: organization,
        request_id: String::new(),
        customer,
        price: price.id,
        success_url: links.trial_success(),
        cancel_url: links.trial_cancel(),
        trial: Some(TrialTerms { days: rules.trial_days }),
        metadata,
    };
    checkout.request_id = request_id(&checkout, now);
    match open_only(pool, stripe, &payer, checkout, now).await? {
        OnlyCheckout::Open(session) => Ok(session),
        OnlyCheckout::Subscribed => Err(StartTrialError::AlreadyConsumed),
    }
}

/// Returns the same id for the same Checkout on the same day: Stripe refuses an id that is reused for
/// another request, and a Checkout is open for a day.
fn request_id(checkout: &NewCheckout, now: OffsetDateTime) -> String {
    let day = now.to_offset(UtcOffset::UTC).date();
    let hash = sha256(format!("{day} {checkout:?}").as_bytes());
    let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("trial-{hash}")
}
