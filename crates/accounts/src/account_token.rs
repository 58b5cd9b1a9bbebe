//! Secrets in the links of account mails.
//!
//! The database holds a row and the hash of its secret. The secret itself is an HMAC of the row's id, so that a
//! repeated job writes the same link, and a copy of the database contains none.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use diesel::{deserialize::FromSqlRow, expression::AsExpression};
use diesel_async::AsyncConnection;
use rubis_db::{AsyncPgConnection, pg_enum, schema::sql_types};
use rubis_kernel::{AccountTokenId, AppKey, PurposeKey, UserId, sha256};
use time::{Duration, OffsetDateTime};

use crate::queries::{account_tokens, users};

/// Purpose of a token: a token made for another purpose is rejected as unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::AccountTokenPurpose)]
pub enum TokenPurpose {
    /// Proves that the user receives the mail of their address.
    VerifyAddress,
    /// Lets the user choose another password.
    ResetPassword,
}

pg_enum!(TokenPurpose, sql_types::AccountTokenPurpose {
    VerifyAddress => "verify_address",
    ResetPassword => "reset_password",
});

impl TokenPurpose {
    /// The time from the creation of a token to its expiry.
    #[must_use]
    pub const fn life(self) -> Duration {
        match self {
            Self::VerifyAddress => Duration::hours(24),
            Self::ResetPassword => Duration::minutes(30),
        }
    }
}

/// The keys from which tokens are computed, one per purpose.
#[derive(Clone, Debug)]
pub struct AccountKeys {
    verify_address: PurposeKey,
    reset_password: PurposeKey,
}

impl AccountKeys {
    /// Derives the keys from the server's secret.
    #[must_use]
    pub fn derived_from(key: &AppKey) -> Self {
        Self {
            verify_address: key.derive("account-verify-address"),
            reset_password: key.derive("account-reset-password"),
        }
    }

    /// Returns the token of a row: 32 bytes, base64url without padding.
    #[must_use]
    pub fn token(&self, purpose: TokenPurpose, id: AccountTokenId) -> String {
        let key = match purpose {
            TokenPurpose::VerifyAddress => &self.verify_address,
            TokenPurpose::ResetPassword => &self.reset_password,
        };
        URL_SAFE_NO_PAD.encode(key.sign(id.as_uuid().as_bytes()))
    }
}

/// A token as stored in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountToken {
    pub id: AccountTokenId,
    pub user_id: UserId,
    pub purpose: TokenPurpose,
    /// Instant from which it is rejected.
    pub expires_at: OffsetDateTime,
    /// Instant of its use, or of the use of another one of the same user and purpose.
    pub used_at: Option<OffsetDateTime>,
}

impl AccountToken {
    /// Reports whether the token can be used.
    ///
    /// # Errors
    /// [`TokenError::Used`] and [`TokenError::Expired`].
    pub fn check(&self, now: OffsetDateTime) -> Result<(), TokenError> {
        if self.used_at.is_some() {
            Err(TokenError::Used)
        } else if self.expires_at <= now {
            Err(TokenError::Expired)
        } else {
            Ok(())
        }
    }
}

/// Reasons why a token is rejected.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No such token was made for this purpose, or it expired so long ago that it was purged.
    #[error("the token is unknown")]
    Invalid,
    /// The token has expired.
    #[error("the token has expired")]
    Expired,
    /// It was used before, or another of the same purpose was.
    #[error("the token was used before")]
    Used,
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Creates a token of a user, in the caller's transaction, which enqueues the mail with its link.
#[tracing::instrument(skip_all, fields(user = %user))]
pub async fn issue_token(
    conn: &mut AsyncPgConnection,
    keys: &AccountKeys,
    user: UserId,
    purpose: TokenPurpose,
    now: OffsetDateTime,
) -> Result<AccountTokenId, diesel::result::Error> {
    let id = AccountTokenId::new();
    let hash = sha256(keys.token(purpose, id).as_bytes());
    account_tokens::insert(conn, (id, user, purpose), &hash, now, now + purpose.life()).await?;
    Ok(id)
}

/// Uses a token, and with it all others of its user and purpose: of several concurrent requests, one succeeds. Call it
/// in the transaction of the change that the token permits. The user's row stays locked until that transaction ends.
pub async fn use_token(
    conn: &mut AsyncPgConnection,
    purpose: TokenPurpose,
    token: &str,
    now: OffsetDateTime,
) -> Result<UserId, TokenError> {
    let hash = sha256(token.as_bytes());
    conn.transaction(async |conn| {
        let found = account_tokens::find_by_hash(conn, purpose, &hash).await?.ok_or(TokenError::Invalid)?;
        // The user's row is locked before the tokens, so that two tokens of one user do not wait for each other.
        users::lock(conn, found.user_id).await?;
        let token = account_tokens::find(conn, found.id).await?.ok_or(TokenError::Invalid)?;
        token.check(now)?;
        account_tokens::end_all(conn, token.user_id, purpose, now).await?;
        Ok(token.user_id)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn keys(secret: &str) -> AccountKeys {
        AccountKeys::derived_from(&secret.parse().unwrap())
    }

    #[test]
    fn a_token_follows_from_the_key_the_purpose_and_the_row() {
        let (one, other) =
            (keys("0123456789abcdef0123456789abcdef"), keys("fedcba9876543210fedcba9876543210"));
        let id = AccountTokenId::new();
        let token = one.token(TokenPurpose::VerifyAddress, id);
        assert_eq!(token.len(), 43);
        assert!(token.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_'));
        assert_eq!(token, one.token(TokenPurpose::VerifyAddress, id));
        assert_ne!(token, one.token(TokenPurpose::ResetPassword, id));
        assert_ne!(token, other.token(TokenPurpose::VerifyAddress, id));
        assert_ne!(token, one.token(TokenPurpose::VerifyAddress, AccountTokenId::new()));
    }

    #[test]
    fn a_token_is_refused_from_its_expiry_on_and_after_its_use() {
        let end = datetime!(2026-11-30 10:00 UTC);
        let mut token = AccountToken {
            id: AccountTokenId::new(),
            user_id: UserId::new(),
            purpose: TokenPurpose::VerifyAddress,
            expires_at: end,
            used_at: None,
        };
        assert!(token.check(end - Duration::seconds(1)).is_ok());
        assert!(matches!(token.check(end), Err(TokenError::Expired)));
        token.used_at = Some(end - Duration::hours(1));
        assert!(matches!(token.check(end - Duration::seconds(1)), Err(TokenError::Used)));
    }
}
