//! The purchase of a tier on Stripe's page.

use std::collections::BTreeMap;

use rubis_db::Pool;
use rubis_kernel::OrganizationId;
use rubis_stripe::{CheckoutSession, NewCheckout, StripeGateway};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    BillingLinks, Offer,
    customer::{CustomerError, Payer},
    event_subject::{ORGANIZATION, PLAN},
    only_checkout::{OnlyCheckout, open_only},
};

/// A Checkout could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartCheckoutError {
    /// There is a subscription already, and a second one would be charged as well. The portal changes
    /// tiers.
    #[error("the organization has a subscription: the portal changes it")]
    AlreadySubscribed,
    /// The customer could not be created, or Stripe or the database failed.
    #[error(transparent)]
    Customer(#[from] CustomerError),
}

impl From<rubis_stripe::StripeError> for StartCheckoutError {
    fn from(error: rubis_stripe::StripeError) -> Self {
        Self::Customer(error.into())
    }
}

/// Starts the Checkout of a subscription, to which the browser is then sent. An earlier one that is still
/// open is ended: two could both be completed. Calls Stripe outside of any transaction, holding no
/// connection.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn start_checkout(
    pool: &Pool,
    stripe: &StripeGateway,
    links: &BillingLinks,
    organization: OrganizationId,
    offer: Offer,
    now: OffsetDateTime,
) -> Result<CheckoutSession, StartCheckoutError> {
    let payer = Payer::read(pool, organization).await?;
    if payer.subscription.is_live() {
        return Err(StartCheckoutError::AlreadySubscribed);
    }
    let price = stripe.price(&offer.lookup_key()).await?;
    let customer = payer.customer(pool, stripe, now).await?;
    let checkout = NewCheckout {
        organization_id: organization,
        // A fresh id: a completed session must not come back when the organization subscribes again.
        request_id: format!("checkout-{}", Uuid::now_v7()),
        customer,
        price: price.id,
        success_url: links.checkout_success(),
        cancel_url: links.checkout_cancel(),
        trial: None,
        metadata: metadata(organization, offer),
    };
    match open_only(pool, stripe, &payer, checkout, now).await? {
        OnlyCheckout::Open(session) => Ok(session),
        OnlyCheckout::Subscribed => Err(StartCheckoutError::AlreadySubscribed),
    }
}

/// Opens a Checkout; if Stripe has no such customer any more, because the customer was deleted there,
/// creates another one first. Nothing is lost: a deleted customer has no subscription either.
pub(crate) async fn open(
    pool: &Pool,
    stripe: &StripeGateway,
    payer: &Payer,
    checkout: NewCheckout,
    now: OffsetDateTime,
) -> Result<CheckoutSession, CustomerError> {
    match stripe.create_checkout_session(&checkout).await {
        Err(error) if error.is_missing_customer() => {
            let customer = payer.customer_instead_of(pool, stripe, &checkout.customer, now).await?;
            // Stripe keeps the refusal under the first id.
            let request_id = format!("{}-again", checkout.request_id);
            let checkout = NewCheckout { customer, request_id, ..checkout };
            Ok(stripe.create_checkout_session(&checkout).await?)
        }
        outcome => Ok(outcome?),
    }
}

/// Returns the metadata of a session and its subscription, by which events name the organization.
pub(crate) fn metadata(organization: OrganizationId, offer: Offer) -> BTreeMap<String, String> {
    BTreeMap::from([
        (ORGANIZATION.to_owned(), organization.to_string()),
        (PLAN.to_owned(), offer.plan.as_str().to_owned()),
    ])
}
