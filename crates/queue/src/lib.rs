//! Runs jobs when they are due: Postgres is the calendar, Redis is the clock.
//!
//! A [`Worker`] serves queues. For each, its *feeder* reads what will be due soon from Postgres and
//! schedules it in Redis; its *claim loop* takes due jobs from Redis, tenants in turn, and claims
//! those rows in Postgres, whose word is final; handlers run; and their ends are recorded in
//! Postgres first. Without Redis the claim loop asks Postgres directly. Whatever
//! a worker had in its hands when it died comes back when the lease ends.

mod claimer;
mod due_index;
mod error;
mod execute;
mod feeder;
mod finalize;
mod handler;
mod in_flight;
mod instant;
mod jitter;
pub mod metrics;
mod prefetch;
mod recent;
mod runner;
mod serve;
mod settings;
mod supervise;
mod worker;

pub use due_index::{BATCH, ClaimedBatch, DueIndex, DueIndexError, FeedPlan, IndexedJob};
pub use error::QueueError;
pub use feeder::FeedReport;
pub use finalize::RunReport;
pub use handler::{DeadLetter, DeadLetterCause, Finished, Handler, Handlers, JobContext};
pub use jitter::Jitter;
pub use prefetch::CLAIMS_AT_ONCE;
pub use runner::QueueRunner;
pub use settings::QueueSettings;
pub use supervise::{Ends, supervise};
pub use worker::Worker;

/// The connections of a process to Redis.
pub type RedisPool = deadpool_redis::Pool;
