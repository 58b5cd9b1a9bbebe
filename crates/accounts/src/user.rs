//! A person who signs in.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{EmailAddress, UserId};
use time::OffsetDateTime;

use crate::queries;

/// A person who signs in. Their password's hash stays in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Where they get their mail and what they sign in with, in lower case.
    pub email: EmailAddress,
    /// How they are called.
    pub full_name: String,
    /// Time at which they proved that they receive the mail of their address.
    pub email_verified_at: Option<OffsetDateTime>,
    /// When they signed up.
    pub created_at: OffsetDateTime,
    /// When something about them last changed.
    pub updated_at: OffsetDateTime,
}

impl User {
    /// Returns whether the user has proved that they receive the mail of their address. Nothing but the mail that
    /// asks for it is sent to one that is not verified.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.email_verified_at.is_some()
    }
}

/// The user, if they exist.
///
/// # Errors
/// The database's.
pub async fn user(conn: &mut AsyncPgConnection, id: UserId) -> Result<Option<User>, diesel::result::Error> {
    queries::users::find(conn, id).await
}
