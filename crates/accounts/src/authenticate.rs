//! Authenticates the user of a request.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{OrganizationId, SessionId, UserId};
use time::OffsetDateTime;

use crate::{Role, SessionRules, queries};

/// User of a request, with organization, role and session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authenticated {
    pub user_id: UserId,
    /// Tenant of everything that the request can access.
    pub organization_id: OrganizationId,
    /// Role at this moment.
    pub role: Role,
    pub session_id: SessionId,
}

/// Returns the user of a session that has neither ended nor reached its lifetime, if they are still a member. It is
/// read at each request, so that a sign-out, a token reuse and a change of role take effect at once; the access token
/// itself carries its expiry.
pub async fn authenticate(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    now: OffsetDateTime,
    rules: SessionRules,
) -> Result<Option<Authenticated>, diesel::result::Error> {
    queries::sessions::authenticate(conn, session, rules.oldest(now)).await
}
