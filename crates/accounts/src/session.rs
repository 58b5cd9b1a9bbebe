//! Sessions and their refresh tokens.
//!
//! A session's refresh tokens form a family: each is spent once and replaced by its successor. Only their SHA-256 is
//! stored.

use std::fmt;

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{SessionId, random_token, sha256};
use time::{Duration, OffsetDateTime};

use crate::{Membership, queries};

/// Maximum length of a stored user agent, in characters.
const USER_AGENT_LENGTH: usize = 200;

/// Secret with which a session is refreshed once. Its `Debug` output hides it.
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

    /// Returns the secret, for the cookie: 43 characters of base64url.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }
}

/// Lifetimes of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRules {
    /// Time for which an unused refresh token is accepted.
    pub refresh_ttl: Duration,
    /// Maximum life of a session, for any number of refreshes.
    pub lifetime: Duration,
}

impl SessionRules {
    /// Returns the expiry of a refresh token issued now.
    pub(crate) fn token_expiry(self, begun: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
        now.saturating_add(self.refresh_ttl).min(begun.saturating_add(self.lifetime))
    }

    /// Returns the latest start of sessions that have reached their lifetime.
    pub(crate) fn oldest(self, now: OffsetDateTime) -> OffsetDateTime {
        now.saturating_sub(self.lifetime)
    }
}

/// Client that opens or refreshes a session, as shown to its user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionClient {
    user_agent: Option<String>,
    network: Option<String>,
}

impl SessionClient {
    /// Describes a client by its user agent and by its network instead of its address.
    #[must_use]
    pub fn new(user_agent: Option<&str>, network: Option<String>) -> Self {
        let user_agent = user_agent.map(|text| {
            text.chars().filter(|letter| !letter.is_control()).take(USER_AGENT_LENGTH).collect::<String>()
        });
        Self { user_agent: user_agent.filter(|text| !text.is_empty()), network }
    }

    pub(crate) fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }

    pub(crate) fn network(&self) -> Option<&str> {
        self.network.as_deref()
    }
}

/// A session that was just opened.
#[derive(Clone, Debug)]
pub struct OpenedSession {
    /// Id, for the access token.
    pub session_id: SessionId,
    /// First token of its family.
    pub refresh_token: RefreshToken,
    /// Expiry of that token.
    pub expires_at: OffsetDateTime,
}

/// Opens a session for a member whose identity has been proved.
pub async fn open_session(
    conn: &mut AsyncPgConnection,
    membership: &Membership,
    client: &SessionClient,
    now: OffsetDateTime,
    rules: SessionRules,
) -> Result<OpenedSession, diesel::result::Error> {
    let session_id = SessionId::new();
    let refresh_token = RefreshToken::random();
    let expires_at = rules.token_expiry(now, now);
    conn.transaction(async |conn| {
        queries::sessions::insert(conn, session_id, membership, client, now).await?;
        queries::sessions::insert_token(conn, session_id, &refresh_token.hash(), now, expires_at).await
    })
    .await?;
    Ok(OpenedSession { session_id, refresh_token, expires_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_token_never_outlives_its_session() {
        let rules = SessionRules { refresh_ttl: Duration::days(30), lifetime: Duration::days(90) };
        let begun = datetime!(2026-03-02 09:00 UTC);
        assert_eq!(rules.token_expiry(begun, begun), begun + Duration::days(30));
        let late = begun + Duration::days(75);
        assert_eq!(rules.token_expiry(begun, late), begun + Duration::days(90));
    }

    #[test]
    fn a_client_is_described_by_one_short_line() {
        let client = SessionClient::new(Some("Firefox\r\n\u{7}140"), Some("203.0.113.0/24".to_owned()));
        assert_eq!((client.user_agent(), client.network()), (Some("Firefox140"), Some("203.0.113.0/24")));
        assert_eq!(
            SessionClient::new(Some(&"é".repeat(500)), None).user_agent().unwrap().chars().count(),
            200
        );
        assert_eq!(SessionClient::new(Some("\n"), None), SessionClient::default());
    }
}
