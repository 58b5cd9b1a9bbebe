//! `PATCH /clients/{clientId}/contacts/{contactId}`

use actix_web::{patch, web::Data};
use rubis_invoices::{ContactInput, ContactPatch};
use rubis_kernel::{ClientId, ContactId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    ApiResult, App, Reply, Tenant, bodies::ContactBody, json_body::Json, nullable, path_param::PathParam,
};

/// Changes to a person at a client. A field that is left out stays as it is, `null` empties it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "jobTitle": "Directrice", "receivesRelances": false }))]
pub struct UpdateContact {
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Their mail address.
    #[schema(format = "email")]
    email: Option<String>,
    /// Their telephone number.
    #[serde(default, deserialize_with = "nullable::given")]
    #[schema(value_type = Option<String>, max_length = 40)]
    phone: Option<Option<String>>,
    /// Their job title.
    #[serde(default, deserialize_with = "nullable::given")]
    #[schema(value_type = Option<String>, max_length = 100)]
    job_title: Option<Option<String>>,
    /// True if they are sent a copy of the reminders.
    receives_relances: Option<bool>,
}

impl From<UpdateContact> for ContactInput {
    fn from(body: UpdateContact) -> Self {
        Self {
            name: body.name,
            email: body.email,
            phone: body.phone,
            job_title: body.job_title,
            receives_relances: body.receives_relances,
        }
    }
}

/// Changes a person at a client.
#[utoipa::path(
    tag = "clients",
    responses((status = 200, description = "The contact as they are now.", body = ContactBody)),
)]
#[patch("/clients/{clientId}/contacts/{contactId}")]
pub async fn update_contact(
    tenant: Tenant,
    ids: PathParam<(ClientId, ContactId)>,
    body: Json<UpdateContact>,
    app: Data<App>,
) -> ApiResult<ContactBody> {
    let patch = ContactPatch::parse(body.0.into())?;
    let PathParam((client, contact)) = ids;
    let mut conn = app.db.get().await?;
    let contact =
        rubis_invoices::update_contact(&mut conn, tenant.organization, client, contact, patch).await?;
    Ok(Reply(contact.into()))
}
