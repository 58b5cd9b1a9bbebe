//! Adds, changes and removes the service locations of a client.

use diesel::result::Error;
use diesel_async::AsyncConnection;
use rubis_db::{AsyncPgConnection, is_still_referenced};
use rubis_kernel::{ClientId, OrganizationId, ServiceLocationId};
use time::OffsetDateTime;

use crate::{NewServiceLocation, ServiceLocation, ServiceLocationPatch, queries};

/// Maximum number of service locations of a client, so that they can be listed without pages.
pub const MAX_SERVICE_LOCATIONS: i64 = 500;

/// Reasons why a service location was not added, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceLocationError {
    /// The organization has no such client.
    #[error("there is no such client")]
    ClientNotFound,
    /// The client has no such service location.
    #[error("there is no such service location")]
    NotFound,
    /// Invoice lines refer to it.
    #[error("invoice lines refer to this service location")]
    InUse,
    /// The client already has [`MAX_SERVICE_LOCATIONS`].
    #[error("a client has at most {MAX_SERVICE_LOCATIONS} service locations")]
    TooMany,
    #[error(transparent)]
    Database(#[from] Error),
}

/// Adds a service location to a client.
///
/// # Errors
/// [`ServiceLocationError::ClientNotFound`] and [`ServiceLocationError::TooMany`].
#[tracing::instrument(skip_all, fields(organization = %organization, client = %client))]
pub async fn add_service_location(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    location: &NewServiceLocation,
    now: OffsetDateTime,
) -> Result<ServiceLocation, ServiceLocationError> {
    conn.transaction(async |conn| {
        // The lock makes concurrent additions wait for each other, so that the count is right.
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

/// Changes a service location of a client.
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

/// Removes a service location that no invoice line refers to.
///
/// # Errors
/// [`ServiceLocationError::NotFound`] and [`ServiceLocationError::InUse`]. The surrounding transaction stays usable.
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
