//! Customers: created once, created again if they were deleted, and described as far as Stripe accepts
//! it.

use serde::Deserialize;
use tracing::warn;

use super::StripeGateway;
use super::call::Call;
use crate::customer::NewCustomer;
use crate::error::StripeError;
use crate::ids::CustomerId;

/// The maximum number of customers of one organization deleted and replaced within a day.
const DELETED_IN_A_DAY: u32 = 3;

/// An object of which only the id matters.
#[derive(Deserialize)]
struct Identified<T> {
    id: T,
}

impl StripeGateway {
    /// Creates the customer of an organization, or returns the one that was created before.
    ///
    /// Any number of calls within a day, from any process, create one customer: the idempotency key and
    /// the request depend on the organization alone. Name and address, which two callers may see
    /// differently, are written in a second call; an address that Stripe rejects is left out, and
    /// requested by Checkout.
    ///
    /// # Errors
    /// See [`StripeError`]; the customer may have been created, and a repeated call returns it.
    pub async fn create_customer(&self, customer: &NewCustomer<'_>) -> Result<CustomerId, StripeError> {
        self.customer_after(None, customer).await
    }

    /// Creates the customer of an organization again, once Stripe has reported that the previous one is
    /// missing ([`StripeError::is_missing_customer`]). As with [`Self::create_customer`], all callers
    /// that replace the same customer within a day get the same successor.
    pub async fn create_customer_instead_of(
        &self,
        gone: &CustomerId,
        customer: &NewCustomer<'_>,
    ) -> Result<CustomerId, StripeError> {
        self.customer_after(Some(gone.clone()), customer).await
    }

    async fn customer_after(
        &self,
        mut gone: Option<CustomerId>,
        customer: &NewCustomer<'_>,
    ) -> Result<CustomerId, StripeError> {
        for _ in 0..=DELETED_IN_A_DAY {
            let id = self.make(gone.as_ref(), customer).await?;
            match self.describe(&id, customer).await {
                // Created under this key earlier today, and deleted since.
                Err(StripeError::NotFound { .. }) => gone = Some(id),
                outcome => return outcome.map(|()| id),
            }
        }
        Err(StripeError::NotFound { what: "customer that was not deleted".to_owned() })
    }

    async fn make(
        &self,
        gone: Option<&CustomerId>,
        customer: &NewCustomer<'_>,
    ) -> Result<CustomerId, StripeError> {
        let organization = customer.organization_id.to_string();
        let call = Call::post("/customers")
            .field("metadata[organization_id]", &organization)
            .field("preferred_locales[0]", "fr");
        let key = match gone {
            None => format!("customer-{organization}"),
            Some(gone) => format!("customer-{organization}-instead-of-{gone}"),
        };
        let Identified { id } = self.create::<Identified<CustomerId>>("customer", call, key).await?;
        Ok(id)
    }

    /// Writes name and address, as far as Stripe accepts them: a customer without them can pay, so an
    /// address that Stripe rejects must not prevent it.
    async fn describe(&self, id: &CustomerId, customer: &NewCustomer<'_>) -> Result<(), StripeError> {
        let named = || Call::post("/customers").segment(id.as_str()).field("name", customer.name);
        for call in [named().field("email", customer.email), named()] {
            match self.transport.send(&call).await {
                Err(StripeError::Refused { code, status, .. }) => {
                    warn!(customer = %id, status, code, "customer description refused by Stripe");
                }
                outcome => return outcome.map(drop),
            }
        }
        Ok(())
    }
}
