//! Lists an organization's clients: searched, by name, a page at a time.

use rubis_accounts::Page;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{ClientId, OrganizationId};
use serde::{Deserialize, Serialize};

use crate::{Client, SearchTerms, queries};

/// Position of a client in the list: the content of a cursor, taken from the last client of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientPosition {
    /// Client's name as it was on that page.
    pub name: String,
    pub id: ClientId,
}

impl From<&Client> for ClientPosition {
    fn from(client: &Client) -> Self {
        Self { name: client.name.clone(), id: client.id }
    }
}

/// Returns a page of the organization's clients, ordered by name ignoring case, after the last one seen. With search
/// terms, returns the clients whose name, address, numbers and town together contain all of the words.
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
