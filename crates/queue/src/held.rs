//! The jobs that this worker has claimed and not settled yet.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rubis_jobs::{ClaimedJob, Lease};
use uuid::Uuid;

use crate::OfferedJob;

/// What the heartbeat keeps alive, and what a shutdown gives back.
#[derive(Debug, Default)]
pub(crate) struct Held {
    by_token: Mutex<HashMap<Uuid, (Lease, OfferedJob)>>,
}

/// How Redis knows the job.
pub(crate) fn offered(job: &ClaimedJob) -> OfferedJob {
    OfferedJob { id: job.lease.job_id.clone(), organization: job.organization }
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, (Lease, OfferedJob)>> {
        self.by_token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, jobs: &[ClaimedJob]) {
        self.lock().extend(jobs.iter().map(|job| (job.lease.token, (job.lease.clone(), offered(job)))));
    }

    pub(crate) fn remove<'a>(&self, leases: impl IntoIterator<Item = &'a Lease>) {
        let mut held = self.lock();
        for lease in leases {
            held.remove(&lease.token);
        }
    }

    pub(crate) fn all(&self) -> Vec<(Lease, OfferedJob)> {
        self.lock().values().cloned().collect()
    }
}
