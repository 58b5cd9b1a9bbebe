//! The reset of a forgotten password, which proves the user's address as well.

use rubis_accounts::{OwnPassword, PasswordHash, ResetPasswordError};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use time::OffsetDateTime;

use crate::mark_address_verified;

/// Uses the link of a password mail: replaces the password, ends all sessions of the user, and verifies their
/// address, since the link was sent there. Returns how many sessions were ended.
///
/// # Errors
/// [`ResetPasswordError`].
#[tracing::instrument(skip_all)]
pub async fn reset_password(
    conn: &mut AsyncPgConnection,
    token: &str,
    before: &OwnPassword,
    new: &PasswordHash,
    now: OffsetDateTime,
) -> Result<usize, ResetPasswordError> {
    conn.transaction(async |conn| {
        let ended = rubis_accounts::reset_password(conn, token, before, new, now).await?;
        mark_address_verified(conn, before.user().id, now).await?;
        Ok(ended)
    })
    .await
}
