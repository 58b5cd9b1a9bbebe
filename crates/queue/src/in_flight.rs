//! In-flight jobs: claimed by this worker and not finalized yet.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rubis_jobs::{ClaimedJob, JobId, Lease};
use uuid::Uuid;

use crate::IndexedJob;

/// Leases that the heartbeat renews and a shutdown releases.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    by_lease: Mutex<HashMap<(Uuid, JobId), (Lease, IndexedJob)>>,
}

/// Returns the job as the due index has it.
pub(crate) fn indexed(job: &ClaimedJob) -> IndexedJob {
    IndexedJob { id: job.lease.job_id.clone(), organization: job.organization }
}

/// The jobs of a claim share its token, and a job whose lease was lost may be claimed anew.
fn key(lease: &Lease) -> (Uuid, JobId) {
    (lease.token, lease.job_id.clone())
}

impl InFlight {
    fn lock(&self) -> MutexGuard<'_, HashMap<(Uuid, JobId), (Lease, IndexedJob)>> {
        self.by_lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, jobs: &[ClaimedJob]) {
        self.lock().extend(jobs.iter().map(|job| (key(&job.lease), (job.lease.clone(), indexed(job)))));
    }

    pub(crate) fn remove<'a>(&self, leases: impl IntoIterator<Item = &'a Lease>) {
        let mut in_flight = self.lock();
        for lease in leases {
            in_flight.remove(&key(lease));
        }
    }

    /// Forgets all jobs: nothing runs them any more, and their leases end.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn all(&self) -> Vec<(Lease, IndexedJob)> {
        self.lock().values().cloned().collect()
    }
}
