//! Deletes expired rows, a bounded batch at a time.

use rubis_db::AsyncPgConnection;
use time::{Duration, OffsetDateTime};

use crate::{idempotency::KEPT_FOR, queries};

/// Time for which an expired account token is kept, so that its link is rejected as expired and not as unknown.
const EXPIRED_TOKENS_KEPT_FOR: Duration = Duration::days(30);

/// Numbers of deleted rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Expired refresh tokens.
    pub refresh_tokens: usize,
    /// Sessions that had no token left.
    pub sessions: usize,
    /// Expired idempotency keys.
    pub idempotency_keys: usize,
    /// Account tokens a month past their expiry.
    pub account_tokens: usize,
}

impl Purged {
    /// Reports whether a batch was full, so that there may be more to delete.
    #[must_use]
    pub fn is_full(&self, limit: u32) -> bool {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        [self.refresh_tokens, self.idempotency_keys, self.account_tokens]
            .into_iter()
            .any(|count| count >= limit)
    }
}

/// Deletes at most `limit` expired refresh tokens, the sessions left without any, at most `limit` expired idempotency
/// keys and as many account tokens. Spent tokens are kept until they expire, since spending them again has to be
/// detected. Several workers may run this at once.
pub async fn purge_expired(
    conn: &mut AsyncPgConnection,
    now: OffsetDateTime,
    limit: u32,
) -> Result<Purged, diesel::result::Error> {
    let (refresh_tokens, sessions) = queries::sessions::delete_expired(conn, now, limit).await?;
    let kept_since = now.saturating_sub(KEPT_FOR);
    let idempotency_keys = queries::idempotency::delete_before(conn, kept_since, limit).await?;
    let tokens_since = now.saturating_sub(EXPIRED_TOKENS_KEPT_FOR);
    let account_tokens = queries::account_tokens::delete_expired(conn, tokens_since, limit).await?;
    Ok(Purged { refresh_tokens, sessions, idempotency_keys, account_tokens })
}
