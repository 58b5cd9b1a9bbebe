//! A place where the organization serves a client.

use rubis_accounts::{AddressInput, Page, PostalAddress, required_line};
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, FieldErrors, OrganizationId, ServiceLocationId};
use time::OffsetDateTime;

use crate::{client::set, queries};

/// A place where the organization serves a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceLocation {
    pub id: ServiceLocationId,
    pub client_id: ClientId,
    pub name: String,
    pub address: PostalAddress,
    pub created_at: OffsetDateTime,
}

/// Input for a new service location, not validated yet.
#[derive(Clone, Debug, Default)]
pub struct NewServiceLocationInput {
    /// At most 200 characters.
    pub name: String,
    pub address: AddressInput,
}

/// Validated input for a new service location.
#[derive(Clone, Debug)]
pub struct NewServiceLocation {
    pub(crate) name: String,
    pub(crate) address: PostalAddress,
}

impl NewServiceLocation {
    /// Validates the input for a new service location.
    ///
    /// # Errors
    /// Every mistake in `name` and `address`.
    pub fn parse(input: NewServiceLocationInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let name = required_line(&mut errors, "name", &input.name, 200);
        let address = input.address.parse_below(&mut errors, "address");
        errors.into_result(Self { name, address })
    }
}

/// Input for a change of a service location; `None` keeps the current value.
#[derive(Clone, Debug, Default)]
pub struct ServiceLocationInput {
    /// At most 200 characters.
    pub name: Option<String>,
    /// Replaces the whole address.
    pub address: Option<AddressInput>,
}

/// Validated change of a service location.
#[derive(Clone, Debug, Default)]
pub struct ServiceLocationPatch {
    name: Option<String>,
    address: Option<PostalAddress>,
}

impl ServiceLocationPatch {
    /// Validates a change.
    ///
    /// # Errors
    /// Those of [`NewServiceLocation::parse`].
    pub fn parse(input: ServiceLocationInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let name = input.name.map(|name| required_line(&mut errors, "name", &name, 200));
        let address = input.address.map(|address| address.parse_below(&mut errors, "address"));
        errors.into_result(Self { name, address })
    }

    /// Applies this change to a service location.
    pub(crate) fn apply(self, mut location: ServiceLocation) -> ServiceLocation {
        set(&mut location.name, self.name);
        set(&mut location.address, self.address);
        location
    }
}

/// Returns a page of a client's service locations, oldest first; none if the client belongs to another organization.
pub async fn service_locations_of(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    after: Option<ServiceLocationId>,
    limit: u32,
) -> Result<Page<ServiceLocation>, diesel::result::Error> {
    let limit_and_one = i64::from(limit) + 1;
    let rows =
        queries::service_locations::of_client(conn, organization, client, after, limit_and_one).await?;
    Ok(Page::from_one_more(rows, limit))
}
