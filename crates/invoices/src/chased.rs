//! How many invoices are being chased.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{InvoiceId, OrganizationId};
use time::{Duration, OffsetDateTime};

use crate::queries;

/// The time after its last reminder for which an invoice that is given up still counts: else a company could have
/// any number of invoices chased, one after the other. A settled one stops counting at once.
pub const REMINDED_COUNTS_FOR: Duration = Duration::days(30);

/// The number of the organization's invoices that a plan chases, that have something outstanding and are not
/// disputed, and of those that were reminded within [`REMINDED_COUNTS_FOR`] and then cancelled or taken from their plan; `aside` is left
/// out. Counts no further than `at_most`.
///
/// # Errors
/// The database's.
pub async fn count_chased(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    aside: Option<InvoiceId>,
    at_most: Option<u32>,
    now: OffsetDateTime,
) -> Result<u32, diesel::result::Error> {
    queries::chased::count(conn, organization, aside, now - REMINDED_COUNTS_FOR, at_most).await
}
