//! Postal addresses.

use rubis_accounts::{AddressInput, PostalAddress};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A postal address. Each part may be unknown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddressBody {
    /// Number and street.
    #[schema(required)]
    pub line1: Option<String>,
    /// Building, floor, post-office box.
    #[schema(required)]
    pub line2: Option<String>,
    /// The postal code.
    #[schema(required)]
    pub postal_code: Option<String>,
    /// The town.
    #[schema(required)]
    pub city: Option<String>,
    /// The two-letter ISO 3166 code.
    #[schema(required)]
    pub country: Option<String>,
}

impl From<PostalAddress> for AddressBody {
    fn from(address: PostalAddress) -> Self {
        Self {
            line1: address.line1,
            line2: address.line2,
            postal_code: address.postal_code,
            city: address.city,
            country: address.country,
        }
    }
}

/// A postal address. It replaces the whole address: a part that is left out is unknown.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddressRequest {
    /// Number and street.
    #[schema(max_length = 200)]
    line1: Option<String>,
    /// Building, floor, post-office box.
    #[schema(max_length = 200)]
    line2: Option<String>,
    /// The postal code.
    #[schema(max_length = 20)]
    postal_code: Option<String>,
    /// The town.
    #[schema(max_length = 100)]
    city: Option<String>,
    /// The two-letter ISO 3166 code.
    country: Option<String>,
}

impl From<AddressRequest> for AddressInput {
    fn from(address: AddressRequest) -> Self {
        Self {
            line1: address.line1,
            line2: address.line2,
            postal_code: address.postal_code,
            city: address.city,
            country: address.country,
        }
    }
}
