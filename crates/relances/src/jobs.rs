//! The job that sends a reminder.

use std::time::Duration;

use rubis_jobs::{Job, JobId, Queue, RetryPolicy};
use rubis_kernel::{OrganizationId, RelanceTaskId};
use serde::{Deserialize, Serialize};

/// Sends one reminder, or finds out that it is not to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendRelance {
    pub organization_id: OrganizationId,
    pub task_id: RelanceTaskId,
}

impl Job for SendRelance {
    const KIND: &'static str = "relance";
    const QUEUE: Queue = Queue::Relances;
    const RETRY: RetryPolicy = RetryPolicy {
        max_attempts: 5,
        first_delay: Duration::from_secs(60),
        max_delay: Duration::from_secs(3_600),
    };

    fn id(&self) -> JobId {
        JobId::new(Self::KIND, self.task_id)
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization_id)
    }
}
