//! Customers: one for each organization.

use rubis_kernel::OrganizationId;

/// The data of a customer to create for an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCustomer<'a> {
    /// The organization; it determines the idempotency key, and is part of the customer's metadata.
    pub organization_id: OrganizationId,
    /// The organization's name, as Stripe's receipts show it.
    pub name: &'a str,
    /// The address of Stripe's receipts.
    pub email: &'a str,
}
