//! Who makes a request.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{OrganizationId, SessionId, UserId};
use time::OffsetDateTime;

use crate::{Role, SessionRules, queries};

/// Who makes a request, where and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// Who.
    pub user_id: UserId,
    /// Where: the tenant of everything the request reaches.
    pub organization_id: OrganizationId,
    /// As what, at this moment.
    pub role: Role,
    /// In which session.
    pub session_id: SessionId,
}

/// Returns the user of a session that has neither ended nor reached its lifetime, if they are still a member. Read
/// at each request, so that signing out, a reuse and a change of role act at once; the expiry of an access token
/// is in the token itself.
///
/// # Errors
/// The database's.
pub async fn authenticate(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    now: OffsetDateTime,
    rules: SessionRules,
) -> Result<Option<Authenticated>, diesel::result::Error> {
    queries::sessions::authenticate(conn, session, rules.oldest(now)).await
}
