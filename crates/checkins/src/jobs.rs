//! The jobs of check-ins.

use std::{fmt, time::Duration};

use rubis_jobs::{Job, JobId, Queue, RetryPolicy};
use rubis_kernel::{CheckinMailId, CheckinTaskId, OrganizationId};
use serde::{Deserialize, Serialize};

/// Retry policy for sending a mail: three attempts, the second after half a minute.
const MAIL: RetryPolicy = RetryPolicy {
    max_attempts: 3,
    first_delay: Duration::from_secs(30),
    max_delay: Duration::from_secs(600),
};

/// Retry policy for jobs that only use the database.
const RECORD: RetryPolicy = RetryPolicy {
    max_attempts: 10,
    first_delay: Duration::from_secs(5),
    max_delay: Duration::from_secs(600),
};

/// Job payload: gathers a due check-in, with all others of the organization that are due, into a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatherCheckins {
    pub organization_id: OrganizationId,
    pub task_id: CheckinTaskId,
}

/// Job payload: sends a mail that asks about one or more invoices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendCheckinMail {
    pub organization_id: OrganizationId,
    pub mail_id: CheckinMailId,
}

/// Job payload: ends the life of a check-in's links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpireCheckin {
    pub organization_id: OrganizationId,
    pub task_id: CheckinTaskId,
}

/// Job payload: confirms to the user by mail that they declared an invoice paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmCheckin {
    pub organization_id: OrganizationId,
    pub task_id: CheckinTaskId,
}

macro_rules! jobs {
    ($($job:ident, $kind:literal, $queue:ident, $retry:expr, $key:ident;)*) => {$(
        impl Job for $job {
            const KIND: &'static str = $kind;
            const QUEUE: Queue = Queue::$queue;
            const RETRY: RetryPolicy = $retry;

            fn id(&self) -> JobId {
                job_id::<Self>(self.$key)
            }

            fn organization(&self) -> Option<OrganizationId> {
                Some(self.organization_id)
            }
        }
    )*};
}

jobs! {
    GatherCheckins, "checkin", CheckinUpkeep, RECORD, task_id;
    SendCheckinMail, "checkin-mail", Checkins, MAIL, mail_id;
    ExpireCheckin, "checkin-expiry", CheckinUpkeep, RECORD, task_id;
    ConfirmCheckin, "checkin-confirmation", Checkins, MAIL, task_id;
}

/// Returns the id of the job of this kind for a check-in or a mail.
pub(crate) fn job_id<J: Job>(key: impl fmt::Display) -> JobId {
    JobId::new(J::KIND, key)
}
