//! Customers: one for each organization.

use rubis_kernel::OrganizationId;

/// The customer to make of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCustomer<'a> {
    /// Whose customer; it makes the idempotency key, and is in the customer's metadata.
    pub organization_id: OrganizationId,
    /// The organization's name, as Stripe's receipts show it.
    pub name: &'a str,
    /// Where Stripe's receipts go.
    pub email: &'a str,
}
