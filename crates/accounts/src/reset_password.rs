//! Replaces a forgotten password through a link that is sent by mail.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::sha256;
use time::OffsetDateTime;

use crate::{
    AccountKeys, ChangePasswordError, OwnPassword, PasswordHash, TokenError, TokenPurpose,
    account_mail::{AccountMailKind, notify},
    change_password, issue_token, own_password, queries, use_token,
};

/// Reasons why a password was not reset.
#[derive(Debug, thiserror::Error)]
pub enum ResetPasswordError {
    /// The token was rejected.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The password was changed since the token was read, which ended the token.
    #[error("the password was changed meanwhile")]
    ChangedMeanwhile,
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

impl From<ChangePasswordError> for ResetPasswordError {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::ChangedMeanwhile => Self::ChangedMeanwhile,
            ChangePasswordError::Database(error) => Self::Database(error),
        }
    }
}

/// Enqueues the mail with a link by which the user of this address chooses another password; does nothing if no user
/// has it. Earlier links stay valid, so that asking again does not make them useless.
#[tracing::instrument(skip_all)]
pub async fn request_password_reset(
    conn: &mut AsyncPgConnection,
    keys: &AccountKeys,
    email: &str,
    now: OffsetDateTime,
) -> Result<(), diesel::result::Error> {
    let email = email.trim().to_lowercase();
    // PostgreSQL rejects a NUL in a text; no address has one.
    if email.contains('\0') {
        return Ok(());
    }
    conn.transaction(async |conn| {
        let Some(user) = queries::users::id_of_email(conn, &email).await? else {
            return Ok(());
        };
        let token_id = issue_token(conn, keys, user, TokenPurpose::ResetPassword, now).await?;
        notify(conn, user, AccountMailKind::ResetPassword { token_id }, now).await
    })
    .await
}

/// Returns the password that a link may replace, without using the link.
pub async fn password_to_reset(
    conn: &mut AsyncPgConnection,
    token: &str,
    now: OffsetDateTime,
) -> Result<OwnPassword, TokenError> {
    let hash = sha256(token.as_bytes());
    let found = queries::account_tokens::find_by_hash(conn, TokenPurpose::ResetPassword, &hash).await?;
    let token = found.ok_or(TokenError::Invalid)?;
    token.check(now)?;
    own_password(conn, token.user_id).await?.ok_or(TokenError::Invalid)
}

/// Uses a link: replaces the password and ends all sessions of the user. Returns the number of ended sessions. The
/// link also proves that the user receives the mail of their address: record that in the same transaction.
#[tracing::instrument(skip_all)]
pub async fn reset_password(
    conn: &mut AsyncPgConnection,
    token: &str,
    before: &OwnPassword,
    new: &PasswordHash,
    now: OffsetDateTime,
) -> Result<usize, ResetPasswordError> {
    conn.transaction(async |conn| {
        use_token(conn, TokenPurpose::ResetPassword, token, now).await?;
        Ok(change_password(conn, before, new, None, now).await?)
    })
    .await
}
