//! A user changes what is known of them.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{FieldErrors, UserId};
use time::OffsetDateTime;

use crate::{User, queries, required_line};

/// What a user sent about themselves; what is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct UserInput {
    /// At most 200 characters.
    pub full_name: Option<String>,
}

/// A checked change of a user.
#[derive(Clone, Debug, Default)]
pub struct UserPatch {
    full_name: Option<String>,
}

impl UserPatch {
    /// Checks a change.
    ///
    /// # Errors
    /// What is wrong with `fullName`.
    pub fn parse(input: UserInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let full_name = input.full_name.map(|name| required_line(&mut errors, "fullName", &name, 200));
        errors.into_result(Self { full_name })
    }
}

/// Changes a user; `None` when there is none.
///
/// # Errors
/// The database's.
pub async fn update_user(
    conn: &mut AsyncPgConnection,
    id: UserId,
    patch: UserPatch,
    now: OffsetDateTime,
) -> Result<Option<User>, diesel::result::Error> {
    match patch.full_name {
        Some(full_name) => queries::users::rename(conn, id, &full_name, now).await,
        None => queries::users::find(conn, id).await,
    }
}
