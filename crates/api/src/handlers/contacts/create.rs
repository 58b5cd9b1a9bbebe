//! `POST /clients/{clientId}/contacts`

use actix_web::{HttpResponse, post, web::Data};
use rubis_invoices::{NewContact, NewContactInput};
use rubis_kernel::ClientId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiError, App, Tenant,
    bodies::ContactBody,
    idempotency::{Creation, IdempotencyHeader},
    json_body::Json,
    path_param::PathParam,
};

/// A new person at a client.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "name": "Paul Petit",
    "email": "paul@boulangerie-petit.fr",
    "jobTitle": "Comptable",
    "receivesRelances": true,
}))]
pub struct CreateContact {
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Their mail address.
    #[schema(format = "email")]
    email: String,
    /// Their telephone number.
    #[schema(max_length = 40)]
    phone: Option<String>,
    /// Their job title.
    #[schema(max_length = 100)]
    job_title: Option<String>,
    /// True if they are sent a copy of the reminders; `false` if left out.
    #[serde(default)]
    receives_relances: bool,
}

impl From<CreateContact> for NewContactInput {
    fn from(body: CreateContact) -> Self {
        Self {
            name: body.name,
            email: body.email,
            phone: body.phone,
            job_title: body.job_title,
            receives_relances: body.receives_relances,
        }
    }
}

/// Adds a person to a client.
#[utoipa::path(
    tag = "clients",
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "The new contact.", body = ContactBody),
        (status = 409, description = "`too_many_contacts`: a client has at most 100. `idempotency_mismatch`: the key was used for another request."),
    ),
)]
#[post("/clients/{clientId}/contacts")]
pub async fn create_contact(
    tenant: Tenant,
    id: PathParam<ClientId>,
    creation: Creation,
    body: Json<CreateContact>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let new = NewContact::parse(&body.0.clone().into())?;
    let now = app.clock.now();
    creation
        .run(&app, &tenant, &body.0, async |conn| {
            let contact = rubis_invoices::add_contact(conn, tenant.organization, id.0, &new, now).await?;
            Ok(ContactBody::from(contact))
        })
        .await
}
