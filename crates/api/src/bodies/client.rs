//! A client.

use rubis_invoices::Client;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AddressBody, PauseBody};
use crate::labels;

/// A client of the organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientBody {
    /// All but the notes.
    #[serde(flatten)]
    pub listed: ListedClientBody,
    /// Notes of the organization about them.
    pub notes: String,
}

/// A client in a list: all but the notes, which `GET /clients/{clientId}` returns.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedClientBody {
    /// Its id.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// Address that their reminders are sent to.
    pub email: String,
    /// Their telephone number.
    #[schema(required)]
    pub phone: Option<String>,
    /// Their postal address.
    pub address: AddressBody,
    /// Their kind; with a SIREN or a VAT number, a company.
    #[schema(value_type = labels::ClientKind)]
    pub kind: &'static str,
    /// Their nine-digit number.
    #[schema(required)]
    pub siren: Option<String>,
    /// Their VAT number.
    #[schema(required)]
    pub vat_number: Option<String>,
    /// The pause of their reminders; `null` if there is none.
    #[schema(required)]
    pub pause: Option<PauseBody>,
    /// Time at which they were created.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Time of the last change.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

impl From<Client> for ClientBody {
    fn from(mut client: Client) -> Self {
        let notes = std::mem::take(&mut client.notes);
        Self { listed: client.into(), notes }
    }
}

impl From<Client> for ListedClientBody {
    fn from(client: Client) -> Self {
        Self {
            id: client.id.into(),
            name: client.name,
            email: client.email.to_string(),
            phone: client.phone,
            address: client.address.into(),
            kind: client.kind.as_str(),
            siren: client.siren,
            vat_number: client.vat_number,
            pause: client.pause.map(PauseBody::from),
            created_at: client.created_at,
            updated_at: client.updated_at,
        }
    }
}
