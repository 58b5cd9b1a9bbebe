//! `POST /clients/{clientId}/service-locations`

use actix_web::{HttpResponse, post, web::Data};
use rubis_invoices::{NewServiceLocation, NewServiceLocationInput};
use rubis_kernel::ClientId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiError, App, Tenant,
    bodies::{AddressRequest, ServiceLocationBody},
    idempotency::{Creation, IdempotencyHeader},
    json_body::Json,
    path_param::PathParam,
};

/// A new place where a client is served.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "name": "Fournil de Villeurbanne",
    "address": { "line1": "8 cours Tolstoï", "postalCode": "69100", "city": "Villeurbanne", "country": "FR" },
}))]
pub struct CreateServiceLocation {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Its postal address.
    address: Option<AddressRequest>,
}

impl From<CreateServiceLocation> for NewServiceLocationInput {
    fn from(body: CreateServiceLocation) -> Self {
        Self { name: body.name, address: body.address.unwrap_or_default().into() }
    }
}

/// Adds a place where a client is served.
#[utoipa::path(
    tag = "clients",
    params(IdempotencyHeader),
    responses(
        (status = 201, description = "The new place.", body = ServiceLocationBody),
        (status = 409, description = "`too_many_service_locations`: a client has at most 500. `idempotency_mismatch`: the key was used for another request."),
    ),
)]
#[post("/clients/{clientId}/service-locations")]
pub async fn create_service_location(
    tenant: Tenant,
    id: PathParam<ClientId>,
    creation: Creation,
    body: Json<CreateServiceLocation>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let new = NewServiceLocation::parse(body.0.clone().into())?;
    let now = app.clock.now();
    creation
        .run(&app, &tenant, &body.0, async |conn| {
            let place =
                rubis_invoices::add_service_location(conn, tenant.organization, id.0, &new, now).await?;
            Ok(ServiceLocationBody::from(place))
        })
        .await
}
