//! Refreshes a session: a refresh token is spent and replaced by its successor.
//!
//! A token that is used a second time has been copied, and which of the two holders is the thief cannot be known: the
//! whole session ends, and its user is notified by mail. There is no grace period for a repeated request, since a
//! thief would use exactly that; a client therefore refreshes in one place at a time and keeps the last response.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{OrganizationId, SessionId, UserId, sha256};
use time::OffsetDateTime;

use crate::{
    Organization, RefreshToken, Role, SessionClient, SessionRules, User,
    account_mail::{AccountMailKind, Notice, notify},
    queries,
};

/// A refreshed session.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// Id of the session, unchanged.
    pub session_id: SessionId,
    pub user: User,
    pub organization: Organization,
    /// Current role.
    pub role: Role,
    /// Next token of the family.
    pub refresh_token: RefreshToken,
    /// Expiry of that token.
    pub expires_at: OffsetDateTime,
}

/// Reasons why a session is not refreshed.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// No such token was issued, or it was purged long after it expired.
    #[error("the refresh token is unknown")]
    Unknown,
    /// The token has expired, or its session has reached its lifetime.
    #[error("the refresh token has expired")]
    Expired,
    /// The token had been spent before: its session has been ended.
    #[error("the refresh token had been used before; the session was ended")]
    Reused(SessionHolder),
    /// The session has ended: signed out, or ended by a reuse.
    #[error("the session has ended")]
    Revoked,
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// User of a session whose refresh token was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionHolder {
    pub session_id: SessionId,
    pub user_id: UserId,
    pub organization_id: OrganizationId,
}

/// Spends a refresh token. Of two requests with the same token exactly one succeeds; the other is a reuse.
///
/// Commits its own transaction, also if it returns [`RefreshError::Reused`]. Do not call it in a transaction that is
/// rolled back on errors: the stolen session would stay valid.
#[tracing::instrument(skip_all)]
pub async fn refresh(
    conn: &mut AsyncPgConnection,
    plain_token: &str,
    client: &SessionClient,
    now: OffsetDateTime,
    rules: SessionRules,
) -> Result<Refreshed, RefreshError> {
    let spent = sha256(plain_token.as_bytes());
    conn.transaction::<_, diesel::result::Error, _>(async |conn| {
        let Some(token) = queries::sessions::lock_token(conn, &spent).await? else {
            return Ok(Err(RefreshError::Unknown));
        };
        if token.revoked_at.is_some() {
            return Ok(Err(RefreshError::Revoked));
        }
        if token.spent_at.is_some() {
            queries::sessions::revoke(conn, token.session_id, now).await?;
            notify(conn, token.user_id, AccountMailKind::SessionReused(Notice::at(now)), now).await?;
            return Ok(Err(RefreshError::Reused(token.holder())));
        }
        if token.expires_at <= now || token.begun_at <= rules.oldest(now) {
            return Ok(Err(RefreshError::Expired));
        }
        let refresh_token = RefreshToken::random();
        let expires_at = rules.token_expiry(token.begun_at, now);
        queries::sessions::spend_token(conn, &spent, now).await?;
        queries::sessions::insert_token(conn, token.session_id, &refresh_token.hash(), now, expires_at)
            .await?;
        queries::sessions::touch(conn, token.session_id, client, now).await?;
        let (user, organization, role) = queries::sessions::whose(conn, token.session_id).await?;
        Ok(Ok(Refreshed {
            session_id: token.session_id,
            user,
            organization,
            role,
            refresh_token,
            expires_at,
        }))
    })
    .await?
}
