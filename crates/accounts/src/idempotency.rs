//! Repeated requests: one with a known `Idempotency-Key` gets the first response again.
//!
//! `begin`, the work and `complete` take place in one transaction: the key exists exactly if the work was done, and a
//! second request with the same key waits at `begin` until the first has committed.

use rubis_db::AsyncPgConnection;
use rubis_kernel::OrganizationId;
use time::{Duration, OffsetDateTime};

use crate::queries;

/// Time for which a response is kept.
pub(crate) const KEPT_FOR: Duration = Duration::hours(24);

/// A client's name for one intended request: 1 to 255 printable ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// The text is not a valid idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to 255 printable ASCII characters")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// Validates a key.
    pub fn parse(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let right = (1..=255).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if right { Ok(Self(text.to_owned())) } else { Err(InvalidIdempotencyKey) }
    }

    /// Returns the key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Result of [`begin`].
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// The request is new: do the work, then call [`complete`].
    Fresh,
    /// The request was done before: send the same response again.
    Replay {
        /// HTTP status of the first response.
        status: u16,
        /// Body of the first response.
        body: serde_json::Value,
    },
}

/// Reasons why a request cannot be begun or completed.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// The key was used for another request.
    #[error("this idempotency key was used for another request")]
    Mismatch,
    /// The key was begun and its transaction committed without a response.
    #[error("the first request with this idempotency key has no response")]
    Unfinished,
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Begins a request inside the caller's transaction. `request_hash` identifies the request (method, path and body).
/// Waits for another transaction that has begun the same key. A key older than 24 hours counts as new.
#[tracing::instrument(skip_all, fields(organization = %organization))]
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
    // The claim locked the row that it found, so the row still exists.
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

/// Stores the response to a request that was begun in this transaction.
///
/// # Errors
/// [`IdempotencyError::Database`], with `NotFound` if the key was not begun.
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
