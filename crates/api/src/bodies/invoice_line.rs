//! A line of an invoice.

use rubis_invoices::{InvoiceLine, LineInput};
use rubis_kernel::ServiceLocationId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A line of an invoice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineBody {
    /// Its id.
    pub id: Uuid,
    /// The goods or the service delivered.
    pub description: String,
    /// The quantity, with up to three decimals.
    pub quantity: String,
    /// Price of one unit without VAT, in minor units of the currency.
    pub unit_price_cents: i64,
    /// The VAT rate in hundredths of a percent: 2000 is 20 %.
    pub vat_rate_basis_points: i32,
    /// The service location of the delivery.
    #[schema(required)]
    pub service_location_id: Option<Uuid>,
}

impl From<InvoiceLine> for LineBody {
    fn from(line: InvoiceLine) -> Self {
        Self {
            id: line.id.into(),
            quantity: line.quantity.to_string(),
            description: line.description,
            unit_price_cents: line.unit_price_cents,
            vat_rate_basis_points: line.vat_rate_basis_points,
            service_location_id: line.service_location_id.map(Uuid::from),
        }
    }
}

/// A line of an invoice.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LineRequest {
    /// The goods or the service delivered.
    #[schema(min_length = 1, max_length = 500)]
    description: String,
    /// The quantity, with up to three decimals; 1 if left out.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$", example = "2.5")]
    quantity: Option<String>,
    /// Price of one unit without VAT, in minor units of the currency; negative for a discount.
    #[schema(minimum = -1_000_000_000_000_i64, maximum = 1_000_000_000_000_i64)]
    unit_price_cents: i64,
    /// The VAT rate in hundredths of a percent; left out: 2000, which is 20 %.
    #[schema(minimum = 0, maximum = 10_000)]
    vat_rate_basis_points: Option<i32>,
    /// One of the client's service locations.
    #[schema(value_type = Option<Uuid>)]
    service_location_id: Option<ServiceLocationId>,
}

impl From<LineRequest> for LineInput {
    fn from(line: LineRequest) -> Self {
        Self {
            description: line.description,
            quantity: line.quantity,
            unit_price_cents: line.unit_price_cents,
            vat_rate_basis_points: line.vat_rate_basis_points,
            service_location_id: line.service_location_id,
        }
    }
}
