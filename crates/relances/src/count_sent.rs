//! Number of reminders sent in a time.

use rubis_db::AsyncPgConnection;
use rubis_kernel::OrganizationId;
use time::OffsetDateTime;

use crate::queries::tasks;

/// Counts the organization's reminders sent from one instant until before another.
///
/// # Errors
/// The database's.
pub async fn count_sent_between(
    conn: &AsyncPgConnection,
    organization: OrganizationId,
    from: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<u64, diesel::result::Error> {
    tasks::count_sent(conn, organization, from, until).await
}
