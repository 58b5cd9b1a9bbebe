//! Counts the invoices that are being chased.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{InvoiceId, OrganizationId};
use time::{Duration, OffsetDateTime};

use crate::queries;

/// Time for which an invoice that was cancelled or taken off its plan still counts after its last reminder. Without it
/// a company could have any number of invoices chased, one after the other. A settled invoice stops counting at once.
pub const REMINDED_COUNTS_FOR: Duration = Duration::days(30);

/// Counts the organization's invoices that a plan chases, that have something outstanding and are not disputed, and
/// those that were reminded within [`REMINDED_COUNTS_FOR`] and then cancelled or taken off their plan, except `aside`.
/// Counts up to `at_most`.
#[tracing::instrument(skip_all, fields(organization = %organization))]
pub async fn count_chased(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    aside: Option<InvoiceId>,
    at_most: Option<u32>,
    now: OffsetDateTime,
) -> Result<u32, diesel::result::Error> {
    queries::chased::count(conn, organization, aside, now - REMINDED_COUNTS_FOR, at_most).await
}
