//! A session ends.

use rubis_db::AsyncPgConnection;
use rubis_kernel::SessionId;
use time::OffsetDateTime;

use crate::queries;

/// Ends a session at once, with all its tokens. Ending it twice changes nothing.
///
/// # Errors
/// The database's.
pub async fn sign_out(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    queries::sessions::revoke(conn, session, now).await
}
