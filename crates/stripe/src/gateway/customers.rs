//! Customers: made once, made anew where they were deleted, and described as far as Stripe takes it.

use serde::Deserialize;
use tracing::warn;

use super::StripeGateway;
use super::call::Call;
use crate::customer::NewCustomer;
use crate::error::StripeError;
use crate::ids::CustomerId;

/// How many customers of one organization may have been deleted, each instead of another, within a day.
const DELETED_IN_A_DAY: u32 = 3;

/// An object of which only the id matters.
#[derive(Deserialize)]
struct Identified<T> {
    id: T,
}

impl StripeGateway {
    /// Makes the customer of an organization, or gives the one that was made before.
    ///
    /// However often and from however many places this is asked within a day, one customer is made: its
    /// idempotency key and all that is sent with it depend on the organization alone. Name and address, which
    /// two callers may see differently, are written in a second call; an address that Stripe does not take is
    /// left out, and asked for by Checkout.
    ///
    /// # Errors
    /// See [`StripeError`]; the customer may have been made, and asking again gives it.
    pub async fn create_customer(&self, customer: &NewCustomer<'_>) -> Result<CustomerId, StripeError> {
        self.customer_after(None, customer).await
    }

    /// Makes the customer of an organization anew, once Stripe has said that the one it had is missing
    /// ([`StripeError::is_missing_customer`]). As with [`Self::create_customer`], all who ask for a successor of
    /// the same customer within a day get the same.
    ///
    /// # Errors
    /// See [`StripeError`].
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
                // Made under this key earlier today, and deleted since.
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

    /// Writes name and address, as far as Stripe takes them: a customer without them can pay, and nobody is to
    /// be kept from that by an address of which Stripe thinks little.
    async fn describe(&self, id: &CustomerId, customer: &NewCustomer<'_>) -> Result<(), StripeError> {
        let named = || Call::post("/customers").segment(id.as_str()).field("name", customer.name);
        for call in [named().field("email", customer.email), named()] {
            match self.transport.send(&call).await {
                Err(StripeError::Refused { code, status, .. }) => {
                    warn!(customer = %id, status, code, "Stripe refuses what a customer is described with");
                }
                outcome => return outcome.map(drop),
            }
        }
        Ok(())
    }
}
