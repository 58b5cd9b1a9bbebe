//! The portal, in which a subscription is changed and ended, and cards and invoices are kept.

use rubis_db::Pool;
use rubis_kernel::OrganizationId;
use rubis_stripe::StripeGateway;

use crate::{BillingLinks, subscription_of};

/// The portal could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenPortalError {
    /// The organization never went to a Checkout, or was deleted at Stripe since: it has no customer to
    /// manage.
    #[error("the organization has no customer at Stripe")]
    NoCustomer,
    /// A call to Stripe failed.
    #[error(transparent)]
    Stripe(#[from] rubis_stripe::StripeError),
    /// No database connection was available.
    #[error(transparent)]
    Pool(#[from] rubis_db::PoolError),
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Returns the address of a portal session, which leads back to the page of the subscription.
pub async fn open_portal(
    pool: &Pool,
    stripe: &StripeGateway,
    links: &BillingLinks,
    organization: OrganizationId,
) -> Result<String, OpenPortalError> {
    let conn = pool.get().await?;
    let subscription = subscription_of(&conn, organization).await?;
    drop(conn);
    let customer = subscription.customer.as_ref().ok_or(OpenPortalError::NoCustomer)?;
    match stripe.create_portal_session(customer, &links.subscription_page()).await {
        // The next Checkout creates another customer.
        Err(error) if error.is_missing_customer() && !subscription.is_live() => {
            Err(OpenPortalError::NoCustomer)
        }
        outcome => Ok(outcome?),
    }
}
