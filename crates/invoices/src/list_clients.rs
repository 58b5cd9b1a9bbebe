//! The list of an organization's clients: searched, by name, a page at a time.

use rubis_accounts::Page;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, OrganizationId};
use serde::{Deserialize, Serialize};

use crate::{Client, SearchTerms, queries};

/// Where a client stands in the list: what a cursor carries of the last client of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientPosition {
    /// Their name as it was when they were seen.
    pub name: String,
    /// Their id.
    pub id: ClientId,
}

impl From<&Client> for ClientPosition {
    fn from(client: &Client) -> Self {
        Self { name: client.name.clone(), id: client.id }
    }
}

/// A page of the organization's clients by name, whatever its case, after the last one seen. With search
/// terms, those in whose name, address, numbers and town all of the words occur.
///
/// # Errors
/// The database's.
pub async fn list_clients(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    search: Option<&SearchTerms>,
    after: Option<&ClientPosition>,
    limit: u32,
) -> Result<Page<Client>, diesel::result::Error> {
    let rows = queries::clients::list(conn, organization, search, after, limit).await?;
    Ok(Page::from_one_more(rows, limit))
}
