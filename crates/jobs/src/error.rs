//! Errors of jobs.

use std::{fmt, time::Duration};

use rubis_db::{Interruption, interruption};
use rubis_kernel::MailFailure;

/// Reasons why a handler did not do its job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// It may go better later: try again, unless this was the last attempt.
    #[error("{reason}")]
    Retry {
        /// Description of the failure, for operators.
        reason: String,
        /// Time until the next attempt, if the other side gave one; otherwise the kind's retry policy decides.
        after: Option<Duration>,
        /// The cause as the tenant may read it.
        failure: MailFailure,
    },
    /// It will never go better: the job is dead.
    #[error("{reason}")]
    Fail {
        /// Description of the failure, for operators.
        reason: String,
        /// The cause as the tenant may read it.
        failure: MailFailure,
    },
    /// The payload is not understood, as when a newer release wrote it while this one is being
    /// replaced. It is put back for a worker that does, and counts as no attempt.
    #[error("the payload is not understood: {reason}")]
    Unreadable {
        /// Description of the payload or kind that this release does not know.
        reason: String,
    },
    /// A resource of the job is missing: the database went away in the middle or broke off the
    /// transaction for another's sake, or a server refuses us whatever we ask. That is no failure of
    /// the job: it is put back for a while, and counts as no attempt.
    #[error("interrupted: {reason}")]
    Interrupted {
        /// Description of the interruption, for operators.
        reason: String,
        /// Time until the next run; a moment if none is given.
        after: Option<Duration>,
    },
    /// A server that the job needs is away, which says nothing about the job: it is put back, counts as no attempt,
    /// and is given up once this has gone on for `patience`.
    #[error("blocked: {reason}")]
    Blocked {
        /// Description for the operator.
        reason: String,
        /// The wait until it is tried again.
        after: Duration,
        /// The time for which the server is waited for.
        patience: Duration,
        /// The cause as the tenant may read it, should it be given up.
        failure: MailFailure,
    },
    /// Another worker holds the job by now; nothing of this run may be recorded.
    #[error("the lease was lost")]
    LeaseLost,
}

impl JobError {
    /// Try again when the kind's retry policy says.
    pub fn retry(reason: impl fmt::Display) -> Self {
        Self::Retry { reason: reason.to_string(), after: None, failure: MailFailure::Internal }
    }

    /// Try again after this wait.
    pub fn retry_after(reason: impl fmt::Display, wait: Duration) -> Self {
        Self::Retry { reason: reason.to_string(), after: Some(wait), failure: MailFailure::Internal }
    }

    /// Leave it alone for a while, and count no attempt.
    pub fn interrupted(reason: impl fmt::Display, after: Option<Duration>) -> Self {
        Self::Interrupted { reason: reason.to_string(), after }
    }

    /// Give up.
    pub fn fail(reason: impl fmt::Display) -> Self {
        Self::Fail { reason: reason.to_string(), failure: MailFailure::Internal }
    }

    /// The same with the cause that the tenant may read; without one it is an internal error.
    #[must_use]
    pub fn because(mut self, cause: MailFailure) -> Self {
        if let Self::Retry { failure, .. } | Self::Fail { failure, .. } = &mut self {
            *failure = cause;
        }
        self
    }
}

/// A database that went away interrupts; one that refused is worth another attempt.
impl From<diesel::result::Error> for JobError {
    fn from(error: diesel::result::Error) -> Self {
        if interrupts(&error) { Self::interrupted(error, None) } else { Self::retry(error) }
    }
}

/// No connection could be had.
impl From<rubis_db::PoolError> for JobError {
    fn from(error: rubis_db::PoolError) -> Self {
        Self::interrupted(error, None)
    }
}

/// Reports whether the statement failed for a reason that has nothing to do with it. A statement that ran out of time
/// may be slow by itself, and counts as an attempt: else its job would come back every second for ever.
fn interrupts(error: &diesel::result::Error) -> bool {
    match interruption(error) {
        Some(Interruption::Disconnected | Interruption::Conflict | Interruption::LockTimeout) => true,
        Some(Interruption::StatementTimeout) | None => false,
    }
}

/// Errors of recording the end of a job.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The job is no longer this worker's: roll back what was done for it.
    #[error("the lease was lost")]
    LeaseLost,
    /// The database refused.
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

impl From<FinishError> for JobError {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::LeaseLost => Self::LeaseLost,
            FinishError::Database(error) => error.into(),
        }
    }
}

/// The most of an error that a row keeps, in characters.
const MAX_ERROR_LENGTH: usize = 2_000;

/// The error as a row can hold it: Postgres takes no NUL, and nobody reads a megabyte.
pub(crate) fn storable(error: &str) -> String {
    error.chars().filter(|&character| character != '\0').take(MAX_ERROR_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database_error(kind: diesel::result::DatabaseErrorKind, message: &str) -> JobError {
        diesel::result::Error::DatabaseError(kind, Box::new(message.to_owned())).into()
    }

    #[test]
    fn a_database_that_went_away_interrupts_and_one_that_refused_fails_an_attempt() {
        use diesel::result::DatabaseErrorKind::{CheckViolation, UnableToSendCommand, Unknown};
        let went_away = [
            database_error(UnableToSendCommand, "connection closed"),
            database_error(Unknown, "terminating connection due to administrator command"),
            database_error(Unknown, "terminating connection due to idle-in-transaction timeout"),
            database_error(Unknown, "deadlock detected"),
            database_error(Unknown, "canceling statement due to lock timeout"),
        ];
        for error in went_away {
            assert!(matches!(error, JobError::Interrupted { .. }), "{error}");
        }
        let refused = [
            database_error(CheckViolation, "amount"),
            database_error(Unknown, "division by zero"),
            database_error(Unknown, "canceling statement due to statement timeout"),
        ];
        for error in refused {
            assert!(matches!(error, JobError::Retry { .. }), "{error}");
        }
    }

    #[test]
    fn any_error_can_be_stored() {
        assert_eq!(storable("a\0b"), "ab");
        assert_eq!(storable(&"é".repeat(5_000)).chars().count(), MAX_ERROR_LENGTH);
    }
}
