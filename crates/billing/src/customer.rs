//! The organization as a customer of Stripe's, made once.

use rubis_accounts::{Organization, User};
use rubis_db::{AsyncConnection as _, Pool};
use rubis_kernel::OrganizationId;
use rubis_stripe::{CustomerId, NewCustomer, StripeGateway};
use time::OffsetDateTime;

use crate::{Subscription, queries, subscription_of};

/// What a Checkout is prepared from.
pub(crate) struct Payer {
    organization: Organization,
    owner: User,
    /// What the organization subscribes to.
    pub subscription: Subscription,
}

/// Why nothing could be prepared.
#[derive(Debug, thiserror::Error)]
pub enum CustomerError {
    /// There is no such organization, or nobody owns it.
    #[error("there is no such organization, or nobody owns it")]
    NobodyToCharge,
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

impl Payer {
    /// Reads who is to pay, and gives the connection back before anybody talks to Stripe.
    pub async fn read(pool: &Pool, organization: OrganizationId) -> Result<Self, CustomerError> {
        let conn = pool.get().await?;
        let subscription = subscription_of(&conn, organization).await?;
        let found = rubis_accounts::organization(&conn, organization).await?;
        let owner = rubis_accounts::owner_of(&conn, organization).await?;
        let (Some(organization), Some(owner)) = (found, owner) else {
            return Err(CustomerError::NobodyToCharge);
        };
        Ok(Self { organization, owner, subscription })
    }

    /// The organization's customer, made at Stripe where there is none. Two who do so at once make one: the
    /// request to Stripe is the same to the letter, and who comes last takes what the first has saved. No
    /// connection is held meanwhile.
    pub async fn customer(
        &self,
        pool: &Pool,
        stripe: &StripeGateway,
        now: OffsetDateTime,
    ) -> Result<CustomerId, CustomerError> {
        if let Some(customer) = &self.subscription.customer {
            return Ok(customer.clone());
        }
        let organization = self.organization.id;
        let new = NewCustomer {
            organization_id: organization,
            name: &self.organization.name,
            email: self.owner.email.as_str(),
        };
        let made = stripe.create_customer(&new).await?;
        let mut conn = pool.get().await?;
        let saved = conn
            .transaction(async |conn| {
                queries::subscriptions::save_customer_if_none(conn, organization, &made, now).await
            })
            .await;
        Ok(saved?)
    }
}
