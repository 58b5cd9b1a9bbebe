//! Failures with a cause outside of the failed statement.

use diesel::result::{DatabaseErrorKind, Error};

/// Causes of a failure outside of the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// The connection ended, by an outage, a restart or `idle_in_transaction_session_timeout`.
    Disconnected,
    /// The transaction conflicted with another one and was rolled back.
    Conflict,
    /// `lock_timeout` ended the wait for another transaction.
    LockTimeout,
    /// `statement_timeout` ended the statement.
    StatementTimeout,
}

/// Returns the cause of an interruption; `None` if the statement itself failed.
///
/// Diesel does not pass on SQLSTATE codes, so the messages decide: the roles of the programs need `lc_messages = 'C'`.
/// In another language an interruption counts as a failure.
#[must_use]
pub fn interruption(error: &Error) -> Option<Interruption> {
    match error {
        Error::BrokenTransactionManager => Some(Interruption::Disconnected),
        Error::DatabaseError(kind, information) => match kind {
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                Some(Interruption::Disconnected)
            }
            DatabaseErrorKind::SerializationFailure => Some(Interruption::Conflict),
            DatabaseErrorKind::Unknown => by_message(information.message()),
            _ => None,
        },
        _ => None,
    }
}

/// Reports whether a row was not deleted because others refer to it.
///
/// A foreign key with `ON DELETE RESTRICT` reports SQLSTATE 23001 (`restrict_violation`) from PostgreSQL 18 on, and
/// 23503 (`foreign_key_violation`) before. One without an action reports 23503 in all releases.
#[must_use]
pub const fn is_still_referenced(error: &Error) -> bool {
    matches!(
        error,
        Error::DatabaseError(
            DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation,
            _
        )
    )
}

pub(crate) fn by_message(message: &str) -> Option<Interruption> {
    match message {
        "deadlock detected" => Some(Interruption::Conflict),
        "canceling statement due to lock timeout" => Some(Interruption::LockTimeout),
        "canceling statement due to statement timeout" => Some(Interruption::StatementTimeout),
        // The server announces that it closes the connection.
        _ if message.starts_with("terminating connection") => Some(Interruption::Disconnected),
        _ => None,
    }
}
