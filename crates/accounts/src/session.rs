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

/// Longest description of a browser that is kept, in characters.
const USER_AGENT_LENGTH: usize = 200;

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

/// Lifetimes of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRules {
    /// Time for which an unused refresh token is taken.
    pub refresh_ttl: Duration,
    /// Longest life of a session, however often it is refreshed.
    pub lifetime: Duration,
}

impl SessionRules {
    /// Time at which a refresh token that is given out now stops being taken.
    pub(crate) fn token_expiry(self, begun: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
        now.saturating_add(self.refresh_ttl).min(begun.saturating_add(self.lifetime))
    }

    /// Sessions that began at this instant or before have reached their lifetime.
    pub(crate) fn oldest(self, now: OffsetDateTime) -> OffsetDateTime {
        now.saturating_sub(self.lifetime)
    }
}

/// The client that opens or refreshes a session, as far as its user is shown it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionClient {
    user_agent: Option<String>,
    network: Option<String>,
}

impl SessionClient {
    /// A client with what it says of itself, and the network it comes from instead of its address.
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
