//! Changes a client.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, FieldErrors, OrganizationId};
use time::OffsetDateTime;

use crate::{Client, ClientPatch, queries};

/// Reasons why a client could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateClientError {
    /// The change does not fit the rest of the client.
    #[error(transparent)]
    Invalid(#[from] FieldErrors),
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Changes a client and returns the new version; `None` if the organization has no such client. A new name is written
/// into the search text of their invoices.
#[tracing::instrument(skip_all, fields(organization = %organization, client = %id))]
pub async fn update_client(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    id: ClientId,
    patch: ClientPatch,
    now: OffsetDateTime,
) -> Result<Option<Client>, UpdateClientError> {
    conn.transaction(async |conn| {
        let Some(before) = queries::clients::lock(conn, organization, id).await? else {
            return Ok(None);
        };
        let after = queries::clients::save(conn, &patch.apply(before.clone())?, now).await?;
        if after.name != before.name {
            queries::invoices::rename_client(conn, organization, id, &after.name).await?;
        }
        Ok(Some(after))
    })
    .await
}
