//! The jobs of check-ins.

use std::{fmt, time::Duration};

use rubis_jobs::{Job, JobId, Queue, RetryPolicy};
use rubis_kernel::{CheckinMailId, CheckinTaskId, OrganizationId};
use serde::{Deserialize, Serialize};

/// Where a mail is sent: three attempts, the second after half a minute.
const MAIL: RetryPolicy = RetryPolicy {
    max_attempts: 3,
    first_delay: Duration::from_secs(30),
    max_delay: Duration::from_secs(600),
};

/// Where nothing but the database is asked.
const RECORD: RetryPolicy = RetryPolicy {
    max_attempts: 10,
    first_delay: Duration::from_secs(5),
    max_delay: Duration::from_secs(600),
};

/// Puts a check-in that is due into a mail, with all others of the organization that are due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatherCheckins {
    /// Whose check-in it is.
    pub organization_id: OrganizationId,
    /// Which check-in.
    pub task_id: CheckinTaskId,
}

/// Sends a mail that asks about one invoice or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendCheckinMail {
    /// Whose mail it is.
    pub organization_id: OrganizationId,
    /// Which mail.
    pub mail_id: CheckinMailId,
}

/// Ends the life of a check-in's links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpireCheckin {
    /// Whose check-in it is.
    pub organization_id: OrganizationId,
    /// Which check-in.
    pub task_id: CheckinTaskId,
}

/// Confirms to the user by mail that they declared an invoice paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmCheckin {
    /// Whose check-in it is.
    pub organization_id: OrganizationId,
    /// Which check-in.
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

/// The id of the job of this kind about a check-in or a mail.
pub(crate) fn job_id<J: Job>(key: impl fmt::Display) -> JobId {
    JobId::new(J::KIND, key)
}
