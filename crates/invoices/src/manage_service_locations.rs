//! Places where a client is served are added, changed and removed.

use diesel::result::Error;
use diesel_async::AsyncConnection;
use rubis_db::{AsyncPgConnection, is_still_referenced};
use rubis_kernel::{ClientId, OrganizationId, ServiceLocationId};
use time::OffsetDateTime;

use crate::{NewServiceLocation, ServiceLocation, ServiceLocationPatch, queries};

/// How many places a client may have, so that they can be listed whole.
pub const MAX_SERVICE_LOCATIONS: i64 = 500;

/// Why a place was not added, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceLocationError {
    /// The organization has no such client.
    #[error("there is no such client")]
    ClientNotFound,
    /// The client has no such place.
    #[error("there is no such service location")]
    NotFound,
    /// Lines of invoices name it.
    #[error("lines of invoices name this service location")]
    InUse,
    /// The client has [`MAX_SERVICE_LOCATIONS`] already.
    #[error("a client has at most {MAX_SERVICE_LOCATIONS} service locations")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] Error),
}

/// Adds a place to a client.
///
/// # Errors
/// [`ServiceLocationError::ClientNotFound`] and [`ServiceLocationError::TooMany`].
pub async fn add_service_location(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    location: &NewServiceLocation,
    now: OffsetDateTime,
) -> Result<ServiceLocation, ServiceLocationError> {
    conn.transaction(async |conn| {
        // The lock makes additions wait for each other, so that they count right.
        queries::clients::lock(conn, organization, client)
            .await?
            .ok_or(ServiceLocationError::ClientNotFound)?;
        if queries::service_locations::count(conn, organization, client).await? >= MAX_SERVICE_LOCATIONS {
            return Err(ServiceLocationError::TooMany);
        }
        Ok(queries::service_locations::insert(conn, organization, client, location, now).await?)
    })
    .await
}

/// Changes a place of a client.
///
/// # Errors
/// [`ServiceLocationError::NotFound`].
pub async fn update_service_location(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    id: ServiceLocationId,
    patch: ServiceLocationPatch,
) -> Result<ServiceLocation, ServiceLocationError> {
    conn.transaction(async |conn| {
        let before = queries::service_locations::lock(conn, organization, client, id)
            .await?
            .ok_or(ServiceLocationError::NotFound)?;
        Ok(queries::service_locations::save(conn, organization, &patch.apply(before)).await?)
    })
    .await
}

/// Removes a place that no line of an invoice names.
///
/// # Errors
/// [`ServiceLocationError::NotFound`] and [`ServiceLocationError::InUse`]. The transaction around stays usable.
pub async fn remove_service_location(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    id: ServiceLocationId,
) -> Result<(), ServiceLocationError> {
    // The foreign key decides, so that a line written at this moment is seen as well.
    let deleted = conn
        .transaction(async |conn| queries::service_locations::delete(conn, organization, client, id).await)
        .await;
    match deleted {
        Ok(true) => Ok(()),
        Ok(false) => Err(ServiceLocationError::NotFound),
        Err(error) if is_still_referenced(&error) => Err(ServiceLocationError::InUse),
        Err(error) => Err(error.into()),
    }
}
