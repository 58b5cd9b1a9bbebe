//! The diesel code of this crate: a file for each table.

pub(crate) mod account_tokens;
pub(crate) mod activity;
pub(crate) mod idempotency;
pub(crate) mod memberships;
pub(crate) mod organizations;
pub(crate) mod own_sessions;
pub(crate) mod sessions;
pub(crate) mod users;

/// Converts the error for a column that holds a value no release has written.
fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(Box::new(error))
}
