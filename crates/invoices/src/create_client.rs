//! Creates a client.

use rubis_db::AsyncPgConnection;
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;

use crate::{Client, NewClient, queries};

/// Creates a client.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn create_client(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    client: &NewClient,
    now: OffsetDateTime,
) -> Result<Client, diesel::result::Error> {
    queries::clients::insert(conn, organization, client, now).await
}
