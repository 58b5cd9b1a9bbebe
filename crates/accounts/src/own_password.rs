//! A user's password, and its change.

use diesel_async::AsyncConnection;
use rubis_db::AsyncPgConnection;
use rubis_kernel::{FieldErrors, SessionId, UserId};
use time::OffsetDateTime;

use crate::{
    Password, PasswordHash, PasswordOwner, TokenPurpose, User,
    account_mail::{AccountMailKind, Notice, notify},
    queries,
};

/// A user's password, and the names that a new one must not resemble.
#[derive(Clone, Debug)]
pub struct OwnPassword {
    user: User,
    organizations: Vec<String>,
    hash: PasswordHash,
}

impl OwnPassword {
    #[must_use]
    pub const fn user(&self) -> &User {
        &self.user
    }

    /// Reports whether this is the password. Costs as much as [`PasswordHash::verify`].
    #[must_use]
    pub fn verify(&self, password: &str) -> bool {
        self.hash.verify(password)
    }

    /// Validates a new password for this user. The errors name `field` as the field of the request.
    ///
    /// # Errors
    /// Those of [`Password::parse`].
    pub fn new_password(&self, field: &str, text: &str) -> Result<Password, FieldErrors> {
        let names: Vec<&str> = std::iter::once(self.user.full_name.as_str())
            .chain(self.organizations.iter().map(String::as_str))
            .collect();
        Password::parse(field, text, &PasswordOwner { email: self.user.email.as_str(), names: &names })
    }
}

/// Reasons why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// It was changed since it was verified.
    #[error("the password was changed meanwhile")]
    ChangedMeanwhile,
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

/// Returns the password of a user, if there is such a user.
pub async fn own_password(
    conn: &mut AsyncPgConnection,
    user: UserId,
) -> Result<Option<OwnPassword>, diesel::result::Error> {
    let Some((user, hash)) = queries::users::with_password(conn, user).await? else {
        return Ok(None);
    };
    let organizations = queries::memberships::organization_names(conn, user.id).await?;
    Ok(Some(OwnPassword { user, organizations, hash }))
}

/// Replaces a password that has been verified. Ends all sessions of the user except the one to keep, and all links of
/// password mails; the new hash also makes every known device unknown. The user is notified by mail. Returns the
/// number of ended sessions.
#[tracing::instrument(skip_all)]
pub async fn change_password(
    conn: &mut AsyncPgConnection,
    verified: &OwnPassword,
    new: &PasswordHash,
    kept: Option<SessionId>,
    now: OffsetDateTime,
) -> Result<usize, ChangePasswordError> {
    conn.transaction(async |conn| {
        let user = verified.user.id;
        if !queries::users::replace_password(conn, user, &verified.hash, new, now).await? {
            return Err(ChangePasswordError::ChangedMeanwhile);
        }
        queries::account_tokens::end_all(conn, user, TokenPurpose::ResetPassword, now).await?;
        let ended = queries::own_sessions::end_all_but(conn, user, kept, now).await?;
        notify(conn, user, AccountMailKind::PasswordChanged(Notice::at(now)), now).await?;
        Ok(ended)
    })
    .await
}
