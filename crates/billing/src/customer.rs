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
        let made = stripe.create_customer(&self.as_new()).await?;
        self.save(pool, None, &made, now).await
    }

    /// Another customer instead of one that Stripe has no more. Only without a subscription: one that lives
    /// is somebody's, whatever Stripe says of who pays for it.
    pub async fn customer_instead_of(
        &self,
        pool: &Pool,
        stripe: &StripeGateway,
        gone: &CustomerId,
        now: OffsetDateTime,
    ) -> Result<CustomerId, CustomerError> {
        let made = stripe.create_customer_instead_of(gone, &self.as_new()).await?;
        self.save(pool, Some(gone), &made, now).await
    }

    fn as_new(&self) -> NewCustomer<'_> {
        NewCustomer {
            organization_id: self.organization.id,
            name: &self.organization.name,
            email: self.owner.email.as_str(),
        }
    }

    async fn save(
        &self,
        pool: &Pool,
        gone: Option<&CustomerId>,
        made: &CustomerId,
        now: OffsetDateTime,
    ) -> Result<CustomerId, CustomerError> {
        let organization = self.organization.id;
        let mut conn = pool.get().await?;
        let saved = conn
            .transaction(async |conn| {
                queries::subscriptions::save_customer(conn, organization, gone, made, now).await
            })
            .await;
        Ok(saved?)
    }
}
