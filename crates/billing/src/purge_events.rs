//! Deletion of old events.

use rubis_db::AsyncPgConnection;
use time::{Duration, OffsetDateTime};

use crate::queries::events;

/// The time for which processed events are kept: Stripe delivers one again for three days, and allows
/// users to do so for thirty.
const KEPT: Duration = Duration::days(90);

/// Deletes at most `limit` events that were received more than 90 days ago. Returns true if it deleted
/// that many, and more may be left. Several workers may do this at once.
pub async fn purge_events(
    conn: &AsyncPgConnection,
    now: OffsetDateTime,
    limit: u32,
) -> Result<bool, diesel::result::Error> {
    let purged = events::purge(conn, now - KEPT, limit.into()).await?;
    Ok(purged >= usize::try_from(limit).unwrap_or(usize::MAX))
}
