//! The sessions of one user, as they see and end them.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{SessionId, UserId};
use time::OffsetDateTime;

use crate::{Page, SessionRules, queries};

/// A session that is still good for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    /// Its id.
    pub id: SessionId,
    /// Time at which its user signed in.
    pub created_at: OffsetDateTime,
    /// Time of the last refresh; of the sign-in, if it never was refreshed.
    pub last_used_at: OffsetDateTime,
    /// Time at which it ends unless it is refreshed.
    pub expires_at: OffsetDateTime,
    /// User agent of the client at the last refresh.
    pub user_agent: Option<String>,
    /// The network that the client last refreshed from.
    pub network: Option<String>,
}

/// Lists a user's living sessions in all their organizations, the latest sign-in first.
///
/// # Errors
/// The database's.
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
///
/// # Errors
/// The database's.
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
