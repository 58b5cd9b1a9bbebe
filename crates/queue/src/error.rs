//! Errors of a step of the queue.

use crate::DueIndexError;

/// Errors of a step of the queue. The next step tries again; nothing is lost.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Redis does not answer.
    #[error(transparent)]
    DueIndex(#[from] DueIndexError),
    /// No connection to Postgres.
    #[error("Postgres cannot be reached: {0}")]
    Pool(#[from] rubis_db::PoolError),
    /// Postgres refused.
    #[error("Postgres refused: {0}")]
    Database(#[from] diesel::result::Error),
}
