//! The organization as a customer of Stripe's, created once.

use rubis_accounts::{Organization, User};
use rubis_db::{AsyncConnection as _, Pool};
use rubis_kernel::OrganizationId;
use rubis_stripe::{CustomerId, NewCustomer, StripeGateway};
use time::OffsetDateTime;

use crate::{Subscription, queries, subscription_of};

/// The data from which a Checkout is prepared.
pub(crate) struct Payer {
    organization: Organization,
    owner: User,
    pub subscription: Subscription,
}

/// A customer could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum CustomerError {
    /// There is no such organization, or it has no owner.
    #[error("the organization does not exist or has no owner")]
    NoOwner,
    /// A call to Stripe failed.
    #[error(transparent)]
    Stripe(#[from] rubis_stripe::StripeError),
    /// No database connection was available.
    #[error(transparent)]
    Pool(#[from] rubis_db::PoolError),
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

impl Payer {
    /// Reads the organization, its owner and its subscription, and returns the connection to the pool
    /// before any call to Stripe.
    pub async fn read(pool: &Pool, organization: OrganizationId) -> Result<Self, CustomerError> {
        let conn = pool.get().await?;
        let subscription = subscription_of(&conn, organization).await?;
        let found = rubis_accounts::organization(&conn, organization).await?;
        let owner = rubis_accounts::owner_of(&conn, organization).await?;
        let (Some(organization), Some(owner)) = (found, owner) else {
            return Err(CustomerError::NoOwner);
        };
        Ok(Self { organization, owner, subscription })
    }

    /// Returns the organization's customer, created at Stripe if there is none. Two concurrent calls
    /// create one: their requests to Stripe are identical, and the later one uses what the first has
    /// saved. No connection is held meanwhile.
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

    /// Creates another customer in place of one that no longer exists at Stripe. Only without a
    /// subscription: a live subscription belongs to a customer, whatever Stripe reports about them.
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
