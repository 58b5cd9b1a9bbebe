//! Definition of a kind of job by its domain.

use rubis_kernel::OrganizationId;
use serde::{Serialize, de::DeserializeOwned};

use crate::{JobId, Queue, RetryPolicy};

/// A job's payload. It holds ids, never a secret or a copy of data: whoever runs the job reads the
/// state of that moment.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The first part of the ids, by which a worker finds the handler.
    const KIND: &'static str;
    /// The queue that serves this kind.
    const QUEUE: Queue;
    /// Policy for failed attempts.
    const RETRY: RetryPolicy;

    /// The id that follows from what the job is about.
    fn id(&self) -> JobId;

    /// The tenant the job belongs to: tenants are served in turn. None for the platform's own.
    fn organization(&self) -> Option<OrganizationId>;
}
