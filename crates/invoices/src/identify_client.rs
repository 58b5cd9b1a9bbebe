//! Identifies the client that an invoice names by name and address.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, EmailAddress, OrganizationId};

use crate::{Client, client_names::are_similar, queries};

/// The most candidates that are shown.
const MAX_CANDIDATES: usize = 10;

/// A client that a name and an address may mean.
#[derive(Clone, Debug)]
pub(crate) struct Namesake {
    /// The client.
    pub(crate) client: Client,
    /// True if the name is the same, without case, accents, spaces and invisible characters.
    pub(crate) has_name: bool,
    /// True if the address is the same, without case.
    pub(crate) has_email: bool,
}

/// The client that a name and an address mean.
#[derive(Debug)]
pub(crate) enum Identified {
    /// This one: both are the same.
    Known(ClientId),
    /// None that exists: another name is another client.
    New,
    /// One of these, or none that exists.
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
