//! Failures of the database, which no client caused.

use rubis_db::{PoolError, interruption};

use super::ApiError;

impl From<diesel::result::Error> for ApiError {
    fn from(error: diesel::result::Error) -> Self {
        // The connection broke, a limit of time ended the statement, or two transactions got into each other's way:
        // another try may succeed.
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
