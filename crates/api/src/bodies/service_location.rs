//! A place where a client is served.

use rubis_invoices::ServiceLocation;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::AddressBody;

/// A place where a client is served.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceLocationBody {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its postal address.
    pub address: AddressBody,
    /// Time at which it was created.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl From<ServiceLocation> for ServiceLocationBody {
    fn from(location: ServiceLocation) -> Self {
        Self {
            id: location.id.into(),
            name: location.name,
            address: location.address.into(),
            created_at: location.created_at,
        }
    }
}
