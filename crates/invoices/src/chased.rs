//! How many invoices are being chased.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{InvoiceId, OrganizationId};

use crate::queries;

/// How many of the organization's invoices a plan chases and have something outstanding, one aside where it is
/// named. Counts no further than `at_most`, where that is given.
///
/// # Errors
/// The database's.
pub async fn count_chased(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    aside: Option<InvoiceId>,
    at_most: Option<u32>,
) -> Result<u32, diesel::result::Error> {
    queries::chased::count(conn, organization, aside, at_most).await
}
