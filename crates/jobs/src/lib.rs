//! The `jobs` table, the calendar of everything that must happen later: a job is enqueued and
//! cancelled inside the caller's transaction, and claimed and finished under a fenced lease.
//!
//! The row decides everything. It exists exactly when the fact that asks for it was committed, it
//! is `running` exactly while a worker holds its lease, and it is deleted in the transaction that
//! records the job's effect. Whatever else knows of a job (Redis, a worker's memory) is a hint.
//!
//! Functions that compare dates take `now: Option<OffsetDateTime>`: `None` lets Postgres read its
//! own clock, so that no worker's clock decides what is due; tests pass the instant they play at.

mod cancel;
mod claim;
mod dead_letters;
mod enqueue;
mod error;
mod find;
mod finish;
mod id;
mod job;
mod lease;
mod payload;
mod queue;
mod reap;
mod reconcile;
mod retry_policy;
mod row;
mod row_location;
mod server_watch;
mod stats;
mod sweep;
mod trace;

pub use cancel::cancel;
pub use claim::{ClaimedJob, UnclaimedJob, claim, claim_due, look_up_unclaimed};
pub use dead_letters::{DeadLetterFilter, drop_all_dead, drop_dead, list_dead, retry_all_dead, retry_dead};
pub use enqueue::{Enqueued, enqueue, enqueue_many, ensure};
pub use error::{FinishError, JobError};
pub use find::{find, find_many};
pub use finish::{
    block, finish_at_location, finish_many, make_dead_letter, postpone, quarantine, release, retry,
};
pub use id::{InvalidJobId, JobId};
pub use job::Job;
pub use lease::{Lease, renew};
pub use payload::Payload;
pub use queue::{Queue, UnknownQueue};
pub use reap::{CrashPolicy, QUARANTINE_TRIES, ReapAt, ReapOutcome, Reaped, reap_expired};
pub use reconcile::{is_blocked, states, untouched};
pub use retry_policy::RetryPolicy;
pub use row::{JobRow, JobState};
pub use server_watch::{
    ServerIdentity, ServerTrust, ServerWatch, Sighting, Unsettled, WatchRules, sight_server,
};
pub use stats::{COUNTED_EXACTLY, QueueStats, stats};
pub use sweep::{PageStart, ScheduledJob, database_now, sweep_newest, sweep_page};
pub use trace::{current_trace, in_trace};
