//! Failures of the database, which no client caused.

use rubis_db::PoolError;

use super::ApiError;

impl From<diesel::result::Error> for ApiError {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind, Error};
        match error {
            // The connection broke, or two transactions got into each other's way: another try may succeed.
            Error::DatabaseError(
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::UnableToSendCommand,
                _,
            ) => Self::unavailable(error),
            // Two requests waited for each other, and this one was chosen to give way.
            Error::DatabaseError(DatabaseErrorKind::Unknown, ref told)
                if told.message() == "deadlock detected" =>
            {
                Self::unavailable(error)
            }
            other => Self::internal(other),
        }
    }
}

impl From<PoolError> for ApiError {
    fn from(error: PoolError) -> Self {
        Self::unavailable(error)
    }
}
