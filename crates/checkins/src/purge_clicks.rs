//! Deletes old openings.

use rubis_db::AsyncPgConnection;
use time::{Duration, OffsetDateTime};

use crate::queries::clicks;

/// Time for which openings are kept: longer than any token is accepted, so that a disputed answer can be explained.
pub const CLICKS_KEPT: Duration = Duration::days(90);

/// Deletes at most `limit` openings that are older than [`CLICKS_KEPT`]. Returns `true` if there may be more.
pub async fn purge_clicks(
    conn: &mut AsyncPgConnection,
    now: OffsetDateTime,
    limit: u32,
) -> Result<bool, diesel::result::Error> {
    let purged = clicks::purge(conn, now - CLICKS_KEPT, limit.into()).await?;
    Ok(purged >= usize::try_from(limit).unwrap_or(usize::MAX))
}
