//! Events of long ago are forgotten.

use rubis_db::AsyncPgConnection;
use time::{Duration, OffsetDateTime};

use crate::queries::events;

/// For how long dealt-with events are kept: Stripe delivers one again for three days, and lets a person do so
/// for thirty.
const KEPT: Duration = Duration::days(90);

/// Forgets at most `limit` events that were received more than 90 days ago, and says whether they were so
/// many, so that there may be more to forget. Several workers may do this at once.
///
/// # Errors
/// The database's.
pub async fn purge_events(
    conn: &AsyncPgConnection,
    now: OffsetDateTime,
    limit: u32,
) -> Result<bool, diesel::result::Error> {
    let purged = events::purge(conn, now - KEPT, limit.into()).await?;
    Ok(purged >= usize::try_from(limit).unwrap_or(usize::MAX))
}
