//! The portal, where a subscription is changed and ended, and cards and invoices are kept.

use rubis_db::Pool;
use rubis_kernel::OrganizationId;
use rubis_stripe::StripeGateway;

use crate::{BillingLinks, subscription_of};

/// Why the portal stays closed.
#[derive(Debug, thiserror::Error)]
pub enum OpenPortalError {
    /// The organization never went to a Checkout, or was deleted at Stripe since: there is nothing to look
    /// after.
    #[error("the organization is no customer yet")]
    NoCustomer,
    /// Stripe did not do its part.
    #[error(transparent)]
    Stripe(#[from] rubis_stripe::StripeError),
    /// No connection could be had.
    #[error(transparent)]
    Pool(#[from] rubis_db::PoolError),
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// The address of a session of the portal, from which one comes back to the page of the subscription.
///
/// # Errors
/// [`OpenPortalError`].
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
        // The next Checkout makes another.
        Err(error) if error.is_missing_customer() && !subscription.is_live() => {
            Err(OpenPortalError::NoCustomer)
        }
        outcome => Ok(outcome?),
    }
}
