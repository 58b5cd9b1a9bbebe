//! A person who signs in.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{EmailAddress, UserId};
use time::OffsetDateTime;

use crate::queries;

/// A person who signs in. Their password's hash stays in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    /// Mail address, also used to sign in, in lower case.
    pub email: EmailAddress,
    pub full_name: String,
    /// Time at which they proved that they receive the mail of their address.
    pub email_verified_at: Option<OffsetDateTime>,
    /// Time of the sign-up.
    pub created_at: OffsetDateTime,
    /// Time of the last change.
    pub updated_at: OffsetDateTime,
}

impl User {
    /// Reports whether the user has proved that they receive the mail of their address. An address that is not
    /// verified gets only the mail that asks for the verification.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.email_verified_at.is_some()
    }
}

/// Returns the user, if they exist.
pub async fn user(conn: &mut AsyncPgConnection, id: UserId) -> Result<Option<User>, diesel::result::Error> {
    queries::users::find(conn, id).await
}
