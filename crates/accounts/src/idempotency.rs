//! A request that is repeated with its `Idempotency-Key` gets its first answer again.
//!
//! `begin`, the work and `complete` take place in one transaction: the key exists exactly when the work
//! was done, and a second request with the same key waits at `begin` until the first has committed.

use rubis_db::AsyncPgConnection;
use rubis_kernel::OrganizationId;
use time::{Duration, OffsetDateTime};

use crate::queries;

/// How long an answer is remembered.
pub(crate) const KEPT_FOR: Duration = Duration::hours(24);

/// What a client calls one intent: 1 to 255 printable ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// This can't be an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to 255 printable ASCII characters")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// Checks a key.
    ///
    /// # Errors
    /// [`InvalidIdempotencyKey`].
    pub fn parse(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let right = (1..=255).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if right { Ok(Self(text.to_owned())) } else { Err(InvalidIdempotencyKey) }
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is to be done with a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// It is new: do it, then [`complete`] it.
    Fresh,
    /// It was done: answer the same again.
    Replay {
        /// The first answer's HTTP status.
        status: u16,
        /// The first answer's body.
        body: serde_json::Value,
    },
}

/// Why a request can't be begun or completed.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// The key was used for another request.
    #[error("this idempotency key was used for another request")]
    Mismatch,
    /// The key was begun and its transaction committed without an answer.
    #[error("the first request with this idempotency key has no answer")]
    Unfinished,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Begins a request inside the caller's transaction. `request_hash` tells the request (method, path and
/// body) from others. Waits for another transaction that has begun the same key. A key older than 24 hours
/// counts as new.
///
/// # Errors
/// See [`IdempotencyError`].
pub async fn begin(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    key: &IdempotencyKey,
    request_hash: [u8; 32],
    now: OffsetDateTime,
) -> Result<Begun, IdempotencyError> {
    let kept_since = now.saturating_sub(KEPT_FOR);
    if queries::idempotency::claim(conn, organization, key, &request_hash, now, kept_since).await? {
        return Ok(Begun::Fresh);
    }
    // The claim locked the row that it found, so it is still there.
    let first = queries::idempotency::find(conn, organization, key).await?;
    if first.request_hash != request_hash {
        return Err(IdempotencyError::Mismatch);
    }
    let status = first.response_status.and_then(|status| u16::try_from(status).ok());
    match (status, first.response_body) {
        (Some(status), Some(body)) => Ok(Begun::Replay { status, body }),
        _ => Err(IdempotencyError::Unfinished),
    }
}

/// Remembers the answer of a request that was begun in this transaction.
///
/// # Errors
/// [`IdempotencyError::Database`], with `NotFound` when the key was not begun.
pub async fn complete(
    conn: &mut AsyncPgConnection,
    organization: OrganizationId,
    key: &IdempotencyKey,
    status: u16,
    body: &serde_json::Value,
) -> Result<(), IdempotencyError> {
    // HTTP statuses have three digits.
    let status = i16::try_from(status).unwrap_or(i16::MAX);
    Ok(queries::idempotency::answer(conn, organization, key, status, body).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_printable() {
        assert!(IdempotencyKey::parse("3f6c1f0e-order 12~").is_ok());
        assert!(IdempotencyKey::parse(&"k".repeat(255)).is_ok());
        for wrong in [String::new(), "k".repeat(256), "a\nb".to_owned(), "a\0".to_owned(), "clé".to_owned()]
        {
            assert_eq!(IdempotencyKey::parse(&wrong), Err(InvalidIdempotencyKey), "{wrong:?}");
        }
    }
}
