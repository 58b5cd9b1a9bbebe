//! Deletes a client, with their contacts and service locations.

use diesel::result::Error;
use diesel_async::AsyncConnection;
use rubis_db::{AsyncPgConnection, is_still_referenced};
use rubis_kernel::{ClientId, OrganizationId};

use crate::queries;

/// Reasons why a client was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteClientError {
    /// The organization has no such client.
    #[error("there is no such client")]
    NotFound,
    /// Accounting records have to be kept: a client who was ever invoiced stays.
    #[error("the client has invoices")]
    ClientHasInvoices,
    #[error(transparent)]
    Database(#[from] Error),
}

/// Deletes a client who was never invoiced.
///
/// # Errors
/// See [`DeleteClientError`]. The transaction around stays usable.
pub async fn delete_client(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: ClientId,
) -> Result<(), DeleteClientError> {
    // The foreign key decides, so that an invoice created at this moment is seen as well.
    let deleted = conn.transaction(async |conn| queries::clients::delete(conn, organization, id).await).await;
    match deleted {
        Ok(true) => Ok(()),
        Ok(false) => Err(DeleteClientError::NotFound),
        Err(error) if is_still_referenced(&error) => Err(DeleteClientError::ClientHasInvoices),
        Err(error) => Err(error.into()),
    }
}
