//! Failures of the database, which are never the client's fault.

use rubis_db::{PoolError, interruption};

use super::ApiError;

impl From<diesel::result::Error> for ApiError {
    fn from(error: diesel::result::Error) -> Self {
        // The connection broke, a timeout ended the statement, or two transactions conflicted: a retry
        // may succeed.
        match interruption(&error) {
            Some(_) => Self::unavailable(error),
            None => Self::internal(error),
        }
    }
}

impl From<PoolError> for ApiError {
    fn from(error: PoolError) -> Self {
        Self::unavailable(error)
    }
}
