//! Changes a user.

use rubis_db::AsyncPgConnection;
use rubis_kernel::{FieldErrors, UserId};
use time::OffsetDateTime;

use crate::{User, queries, required_line};

/// Input for a change of a user; `None` keeps the current value.
#[derive(Clone, Debug, Default)]
pub struct UserInput {
    /// At most 200 characters.
    pub full_name: Option<String>,
}

/// Validated change of a user.
#[derive(Clone, Debug, Default)]
pub struct UserPatch {
    full_name: Option<String>,
}

impl UserPatch {
    /// Validates a change.
    ///
    /// # Errors
    /// The mistakes in `fullName`.
    pub fn parse(input: UserInput) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let full_name = input.full_name.map(|name| required_line(&mut errors, "fullName", &name, 200));
        errors.into_result(Self { full_name })
    }
}

/// Changes a user; `None` if there is no such user.
#[tracing::instrument(skip_all)]
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
