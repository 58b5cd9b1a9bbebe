//! Ends a session.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{SessionId, sha256};
use time::OffsetDateTime;

use crate::{SessionHolder, queries};

/// Ends a session at once, with all its tokens. Ending it twice changes nothing.
#[tracing::instrument(skip_all)]
pub async fn sign_out(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    queries::sessions::revoke(conn, session, now).await
}

/// Ends the session of a refresh token, spent or not. Returns the session, if the token is known.
#[tracing::instrument(skip_all)]
pub async fn sign_out_by_token(
    conn: &mut AsyncPgConnection,
    plain_token: &str,
    now: OffsetDateTime,
) -> Result<Option<SessionHolder>, diesel::result::Error> {
    let hash = sha256(plain_token.as_bytes());
    conn.transaction(async |conn| {
        let Some(token) = queries::sessions::lock_token(conn, &hash).await? else {
            return Ok(None);
        };
        queries::sessions::revoke(conn, token.session_id, now).await?;
        Ok(Some(token.holder()))
    })
    .await
}
