//! Identifies the client that an invoice names by name and address.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, EmailAddress, OrganizationId};

use crate::{Client, client_names::are_similar, queries};

/// Maximum number of candidates returned.
const MAX_CANDIDATES: usize = 10;

/// A client that may match a name and an address.
#[derive(Clone, Debug)]
pub(crate) struct Namesake {
    pub(crate) client: Client,
    /// True if the name is the same, ignoring case, accents, spaces and invisible characters.
    pub(crate) has_name: bool,
    /// True if the address is the same, ignoring case.
    pub(crate) has_email: bool,
}

/// Result of identifying a client.
#[derive(Debug)]
pub(crate) enum Identified {
    /// A known client: name and address are the same.
    Known(ClientId),
    /// A new client: another name is another client.
    New,
    /// One of these clients, or a new one.
    Unsure(Vec<Client>),
}

/// Identifies a client by name and address together. A bookkeeper may have one address for several clients, so that
/// another name at the same address is another client, unless it is so similar that it may be misspelt. The same name
/// at another address may be a client that moved, or a namesake.
pub(crate) async fn identify_client(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    name: &str,
    email: &EmailAddress,
) -> Result<Identified, diesel::result::Error> {
    let namesakes = queries::clients::namesakes(conn, organization, name, email).await?;
    if let Some(same) = namesakes.iter().find(|found| found.has_name && found.has_email) {
        return Ok(Identified::Known(same.client.id));
    }
    let candidates: Vec<Client> = namesakes
        .into_iter()
        .filter(|found| found.has_name || are_similar(&found.client.name, name))
        .map(|found| found.client)
        .take(MAX_CANDIDATES)
        .collect();
    Ok(if candidates.is_empty() { Identified::New } else { Identified::Unsure(candidates) })
}
