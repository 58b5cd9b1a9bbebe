//! `PATCH /clients/{clientId}/service-locations/{serviceLocationId}`

use actix_web::{patch, web::Data};
use rubis_invoices::{ServiceLocationInput, ServiceLocationPatch};
use rubis_kernel::{ClientId, ServiceLocationId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    ApiResult, App, Reply, Tenant,
    bodies::{AddressRequest, ServiceLocationBody},
    json_body::Json,
    path_param::PathParam,
};

/// Changes to a service location. A field that is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Fournil de Bron" }))]
pub struct UpdateServiceLocation {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The new address, which replaces the whole old one.
    address: Option<AddressRequest>,
}

impl From<UpdateServiceLocation> for ServiceLocationInput {
    fn from(body: UpdateServiceLocation) -> Self {
        Self { name: body.name, address: body.address.map(Into::into) }
    }
}

/// Changes a place where a client is served.
#[utoipa::path(
    tag = "clients",
    responses((status = 200, description = "The place as it is now.", body = ServiceLocationBody)),
)]
#[patch("/clients/{clientId}/service-locations/{serviceLocationId}")]
pub async fn update_service_location(
    tenant: Tenant,
    ids: PathParam<(ClientId, ServiceLocationId)>,
    body: Json<UpdateServiceLocation>,
    app: Data<App>,
) -> ApiResult<ServiceLocationBody> {
    let patch = ServiceLocationPatch::parse(body.0.into())?;
    let PathParam((client, place)) = ids;
    let mut conn = app.db.get().await?;
    let place =
        rubis_invoices::update_service_location(&mut conn, tenant.organization, client, place, patch).await?;
    Ok(Reply(place.into()))
}
