//! Sessions of one user, which they can list and end.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{SessionId, UserId};
use time::OffsetDateTime;

use crate::{Page, SessionRules, queries};

/// A session that is still valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    pub id: SessionId,
    /// Time of the sign-in.
    pub created_at: OffsetDateTime,
    /// Time of the last refresh, or of the sign-in if it was never refreshed.
    pub last_used_at: OffsetDateTime,
    /// Time at which it expires unless it is refreshed.
    pub expires_at: OffsetDateTime,
    /// User agent of the client at the last refresh.
    pub user_agent: Option<String>,
    /// Network of the client at the last refresh.
    pub network: Option<String>,
}

/// Lists a user's valid sessions in all their organizations, latest sign-in first.
#[tracing::instrument(skip_all, fields(user = %user))]
pub async fn own_sessions(
    conn: &mut AsyncPgConnection,
    user: UserId,
    after: Option<SessionId>,
    limit: u32,
    now: OffsetDateTime,
    rules: SessionRules,
) -> Result<Page<OwnSession>, diesel::result::Error> {
    let rows = queries::own_sessions::living(conn, user, after, limit, now, rules.oldest(now)).await?;
    Ok(Page::from_one_more(rows, limit))
}

/// Ends one of a user's sessions at once. Returns `false` if the user has no such session; ending one twice
/// changes nothing.
#[tracing::instrument(skip_all, fields(user = %user))]
pub async fn end_own_session(
    conn: &mut AsyncPgConnection,
    user: UserId,
    session: SessionId,
    now: OffsetDateTime,
) -> Result<bool, diesel::result::Error> {
    let exists = queries::own_sessions::exists(conn, user, session).await?;
    if exists {
        queries::sessions::revoke(conn, session, now).await?;
    }
    Ok(exists)
}
