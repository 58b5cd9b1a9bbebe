//! Access tokens: a session and an expiry, sealed with a key of their own.
//!
//! The session is looked up at each request, so a token stops working when the user signs out. The expiry
//! limits how long a leaked token can be used.

use rubis_kernel::{PurposeKey, SessionId};
use time::OffsetDateTime;
use uuid::Uuid;

/// Returns the token of a session until an instant.
#[must_use]
pub fn seal(key: &PurposeKey, session: SessionId, expires_at: OffsetDateTime) -> String {
    let mut payload = session.as_uuid().as_bytes().to_vec();
    payload.extend_from_slice(&expires_at.unix_timestamp().to_be_bytes());
    key.seal(&payload)
}

/// Returns the session of a token that was made with the same key and has not expired.
#[must_use]
pub fn open(key: &PurposeKey, token: &str, now: OffsetDateTime) -> Option<SessionId> {
    let payload = key.open(token)?;
    let (session, expiry) = payload.split_at_checked(16)?;
    let expires_at = i64::from_be_bytes(expiry.try_into().ok()?);
    let session = Uuid::from_slice(session).ok()?;
    (now.unix_timestamp() < expires_at).then(|| session.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::{Duration, macros::datetime};

    fn key(purpose: &str) -> PurposeKey {
        "0123456789abcdef0123456789abcdef".parse::<rubis_kernel::AppKey>().unwrap().derive(purpose)
    }

    #[test]
    fn a_token_opens_until_it_expires_and_with_its_own_key() {
        let session = SessionId::new();
        let expiry = datetime!(2026-11-24 10:30 UTC);
        let token = seal(&key("access"), session, expiry);
        assert_eq!(open(&key("access"), &token, expiry - Duration::SECOND), Some(session));
        assert_eq!(open(&key("access"), &token, expiry), None);
        assert_eq!(open(&key("other"), &token, expiry - Duration::HOUR), None);
        assert_eq!(open(&key("access"), &key("access").seal(b"short"), expiry), None);
    }
}
