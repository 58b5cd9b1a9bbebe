//! A place where a client is served.

use rubis_accounts::{AddressInput, Page, PostalAddress, required_line};
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, FieldErrors, OrganizationId, ServiceLocationId};
use time::OffsetDateTime;

use crate::{client::set, queries};

/// A place where a client is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceLocation {
    /// Its id.
    pub id: ServiceLocationId,
    /// Whose it is.
    pub client_id: ClientId,
    /// How it is called.
    pub name: String,
    /// Where it is.
    pub address: PostalAddress,
    /// When it was put in.
    pub created_at: OffsetDateTime,
}

/// A new place as somebody typed it.
#[derive(Clone, Debug, Default)]
pub struct NewServiceLocationInput {
    /// At most 200 characters.
    pub name: String,
    /// Where it is.
    pub address: AddressInput,
}

/// A checked new place.
#[derive(Clone, Debug)]
pub struct NewServiceLocation {
    pub(crate) name: String,
    pub(crate) address: PostalAddress,
}

impl NewServiceLocation {
    /// Checks a new place.
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

/// A change of a place as somebody typed it; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ServiceLocationInput {
    /// At most 200 characters.
    pub name: Option<String>,
    /// Replaces the whole address.
    pub address: Option<AddressInput>,
}

/// A checked change of a place.
#[derive(Clone, Debug, Default)]
pub struct ServiceLocationPatch {
    name: Option<String>,
    address: Option<PostalAddress>,
}

impl ServiceLocationPatch {
    /// Checks a change.
    ///
    /// # Errors
    /// Those of [`NewServiceLocation::parse`].
    pub fn parse(input: ServiceLocationInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let name = input.name.map(|name| required_line(&mut errors, "name", &name, 200));
        let address = input.address.map(|address| address.parse_below(&mut errors, "address"));
        errors.into_result(Self { name, address })
    }

    /// The place as this change leaves it.
    pub(crate) fn apply(self, mut location: ServiceLocation) -> ServiceLocation {
        set(&mut location.name, self.name);
        set(&mut location.address, self.address);
        location
    }
}

/// A page of a client's places, those put in first at the front; none of another organization's client.
///
/// # Errors
/// The database's.
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
