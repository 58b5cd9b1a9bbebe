//! A sign-in, and the tokens that keep it alive.
//!
//! A session's refresh tokens form a family: each is spent once and gives its successor. Only their
//! SHA-256 is kept.

use std::fmt;

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{SessionId, random_token, sha256};
use time::{Duration, OffsetDateTime};

use crate::{Membership, queries};

/// The secret with which a session is refreshed once. It never prints.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(String);

impl fmt::Debug for RefreshToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RefreshToken(…)")
    }
}

impl RefreshToken {
    pub(crate) fn random() -> Self {
        Self(random_token())
    }

    /// The secret itself, for the cookie: 43 characters of base64url.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }
}

/// A session that has just begun.
#[derive(Clone, Debug)]
pub struct OpenedSession {
    /// Its id, for the access token.
    pub session_id: SessionId,
    /// The first token of its family.
    pub refresh_token: RefreshToken,
    /// When that token stops being taken.
    pub expires_at: OffsetDateTime,
}

/// Begins a session of a member whose identity has been proved.
///
/// # Errors
/// The database's.
pub async fn open_session(
    conn: &mut AsyncPgConnection,
    membership: &Membership,
    now: OffsetDateTime,
    ttl: Duration,
) -> Result<OpenedSession, diesel::result::Error> {
    let session_id = SessionId::new();
    let refresh_token = RefreshToken::random();
    let expires_at = now.saturating_add(ttl);
    conn.transaction(async |conn| {
        queries::sessions::insert(conn, session_id, membership, now).await?;
        queries::sessions::insert_token(conn, session_id, &refresh_token.hash(), now, expires_at).await
    })
    .await?;
    Ok(OpenedSession { session_id, refresh_token, expires_at })
}
