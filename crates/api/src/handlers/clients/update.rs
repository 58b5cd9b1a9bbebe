//! `PATCH /clients/{clientId}`

use actix_web::{patch, web::Data};
use rubis_invoices::{ClientInput, ClientPatch};
use rubis_kernel::ClientId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    ApiError, ApiResult, App, Reply, Tenant,
    bodies::{AddressRequest, ClientBody},
    json_body::Json,
    labels, nullable,
    path_param::PathParam,
};

/// Changes to a client. A field that is left out stays as it is, `null` empties it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "email": "factures@boulangerie-petit.fr", "phone": null }))]
pub struct UpdateClient {
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Address that their reminders are sent to.
    #[schema(format = "email")]
    email: Option<String>,
    /// Their telephone number.
    #[serde(default, deserialize_with = "nullable::given")]
    #[schema(value_type = Option<String>, max_length = 40)]
    phone: Option<Option<String>>,
    /// The new address, which replaces the whole old one.
    address: Option<AddressRequest>,
    /// Their kind: `company` if they have a SIREN or a VAT number.
    #[schema(value_type = Option<labels::ClientKind>)]
    kind: Option<String>,
    /// Their nine-digit SIREN number.
    #[serde(default, deserialize_with = "nullable::given")]
    #[schema(value_type = Option<String>)]
    siren: Option<Option<String>>,
    /// Their VAT number.
    #[serde(default, deserialize_with = "nullable::given")]
    #[schema(value_type = Option<String>)]
    vat_number: Option<Option<String>>,
    /// Notes of the organization about them.
    #[schema(max_length = 5000)]
    notes: Option<String>,
}

impl From<UpdateClient> for ClientInput {
    fn from(body: UpdateClient) -> Self {
        Self {
            name: body.name,
            email: body.email,
            phone: body.phone,
            address: body.address.map(Into::into),
            kind: body.kind,
            siren: body.siren,
            vat_number: body.vat_number,
            notes: body.notes,
        }
    }
}

/// Changes a client.
#[utoipa::path(
    tag = "clients",
    responses((status = 200, description = "The client as they are now.", body = ClientBody)),
)]
#[patch("/clients/{clientId}")]
pub async fn update_client(
    tenant: Tenant,
    id: PathParam<ClientId>,
    body: Json<UpdateClient>,
    app: Data<App>,
) -> ApiResult<ClientBody> {
    let patch = ClientPatch::parse(body.0.into())?;
    let mut conn = app.db.get().await?;
    let client = rubis_invoices::update_client(&mut conn, tenant.organization, id.0, patch, app.clock.now())
        .await?
        .ok_or_else(ApiError::not_found)?;
    Ok(Reply(client.into()))
}
