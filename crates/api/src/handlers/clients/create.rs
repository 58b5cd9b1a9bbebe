//! `POST /clients`

use actix_web::{HttpResponse, post, web::Data};
use rubis_invoices::{NewClient, NewClientInput};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiError, App, Tenant,
    bodies::{AddressRequest, ClientBody},
    idempotency::{Creation, IdempotencyHeader},
    json_body::Json,
    labels,
};

/// A new client.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "name": "Boulangerie Petit",
    "email": "compta@boulangerie-petit.fr",
    "phone": "+33 4 72 00 00 00",
    "address": { "line1": "3 place Bellecour", "postalCode": "69002", "city": "Lyon", "country": "FR" },
    "kind": "company",
    "siren": "732829320",
    "notes": "Règle le 15 du mois",
}))]
pub struct CreateClient {
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Address that their reminders are sent to.
    #[schema(format = "email")]
    email: String,
    /// Their telephone number.
    #[schema(max_length = 40)]
    phone: Option<String>,
    /// Their postal address.
    address: Option<AddressRequest>,
    /// Their kind. If it is left out, a client with a SIREN or a VAT number is a company, and any other
    /// is a person, from whom reminders claim nothing that only professionals owe.
    #[schema(value_type = Option<labels::ClientKind>)]
    kind: Option<String>,
    /// Their nine-digit SIREN number.
    siren: Option<String>,
    /// Their VAT number.
    vat_number: Option<String>,
    /// Notes of the organization about them.
    #[schema(max_length = 5000)]
    notes: Option<String>,
}

impl From<CreateClient> for NewClientInput {
    fn from(body: CreateClient) -> Self {
        Self {
            name: body.name,
            email: body.email,
            phone: body.phone,
            address: body.address.unwrap_or_default().into(),
            kind: body.kind,
            siren: body.siren,
            vat_number: body.vat_number,
            notes: body.notes,
        }
    }
}

/// Creates a client.
#[utoipa::path(
    tag = "clients",
    params(IdempotencyHeader),
    responses((status = 201, description = "The new client.", body = ClientBody)),
)]
#[post("/clients")]
pub async fn create_client(
    tenant: Tenant,
    creation: Creation,
    body: Json<CreateClient>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let new = NewClient::parse(body.0.clone().into())?;
    let now = app.clock.now();
    creation
        .run(&app, &tenant, &body.0, async |conn| {
            let client = rubis_invoices::create_client(conn, tenant.organization, &new, now).await?;
            Ok(ClientBody::from(client))
        })
        .await
}
