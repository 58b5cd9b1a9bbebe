//! Adds, changes and removes contacts of a client.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, ContactId, OrganizationId};
use time::OffsetDateTime;

use crate::{Contact, ContactPatch, NewContact, queries};

/// Maximum number of contacts of a client, so that they can be listed without pages.
pub const MAX_CONTACTS: i64 = 100;

/// Reasons why a contact was not added, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    /// The organization has no such client.
    #[error("there is no such client")]
    ClientNotFound,
    /// The client has no such contact.
    #[error("there is no such contact")]
    NotFound,
    /// The client already has [`MAX_CONTACTS`].
    #[error("a client has at most {MAX_CONTACTS} contacts")]
    TooMany,
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Adds a contact to a client.
///
/// # Errors
/// [`ContactError::ClientNotFound`] and [`ContactError::TooMany`].
#[tracing::instrument(skip_all, fields(organization = %organization, client = %client))]
pub async fn add_contact(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    contact: &NewContact,
    now: OffsetDateTime,
) -> Result<Contact, ContactError> {
    conn.transaction(async |conn| {
        // The lock makes concurrent additions wait for each other, so that the count is right.
        queries::clients::lock(conn, organization, client).await?.ok_or(ContactError::ClientNotFound)?;
        if queries::contacts::count(conn, organization, client).await? >= MAX_CONTACTS {
            return Err(ContactError::TooMany);
        }
        Ok(queries::contacts::insert(conn, organization, client, contact, now).await?)
    })
    .await
}

/// Changes a contact of a client.
///
/// # Errors
/// [`ContactError::NotFound`].
pub async fn update_contact(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    id: ContactId,
    patch: ContactPatch,
) -> Result<Contact, ContactError> {
    conn.transaction(async |conn| {
        let before =
            queries::contacts::lock(conn, organization, client, id).await?.ok_or(ContactError::NotFound)?;
        Ok(queries::contacts::save(conn, organization, &patch.apply(before)).await?)
    })
    .await
}

/// Removes a contact of a client.
///
/// # Errors
/// [`ContactError::NotFound`].
pub async fn remove_contact(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: ClientId,
    id: ContactId,
) -> Result<(), ContactError> {
    if queries::contacts::delete(conn, organization, client, id).await? {
        Ok(())
    } else {
        Err(ContactError::NotFound)
    }
}
