//! The only diesel of this crate, a file for each table.

pub(crate) mod account_tokens;
pub(crate) mod activity;
pub(crate) mod idempotency;
pub(crate) mod memberships;
pub(crate) mod organizations;
pub(crate) mod own_sessions;
pub(crate) mod sessions;
pub(crate) mod users;

/// A column holds what no release has written.
fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(Box::new(error))
}
