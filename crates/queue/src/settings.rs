//! Settings of a queue.

use std::time::Duration;

use rubis_jobs::{CrashPolicy, WatchRules};

/// Settings of one queue. All workers of a queue should agree on everything but `concurrency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSettings {
    /// The first part of all keys in Redis.
    pub prefix: String,
    /// Number of jobs that this worker runs at once.
    pub concurrency: u32,
    /// Length of a lease.
    pub lease: Duration,
    /// The time between signs of life; less than a third of `lease`, so that two may get lost.
    pub heartbeat: Duration,
    /// The time between looks at the calendar.
    pub tick: Duration,
    /// The longest time without an answer of the database that counts as no stall. Less than `lease` by two
    /// heartbeats at least.
    pub stall: Duration,
    /// The time between looks at the whole window.
    pub sweep_every: Duration,
    /// Length of the window of jobs that are scheduled in Redis.
    pub horizon: Duration,
    /// Policy for jobs whose worker was lost.
    pub crash_policy: CrashPolicy,
    /// Delay of a job whose payload this release cannot read, until another worker may try.
    pub unreadable_delay: Duration,
    /// Age at which such a job is given up.
    pub unreadable_patience: Duration,
    /// Time for which running jobs may go on after a shutdown began.
    pub shutdown_grace: Duration,
    /// The time between measurements of the queue.
    pub stats_every: Duration,
}

impl QueueSettings {
    /// The rules by which the database is watched. Workers that live have renewed their leases after two
    /// heartbeats, a broken connection and its replacement included.
    pub(crate) fn watch_rules(&self) -> WatchRules {
        WatchRules { gap: self.stall, settle: self.heartbeat * 2 + self.tick * 2 }
    }
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            prefix: "rubis".to_owned(),
            concurrency: 50,
            lease: Duration::from_secs(10),
            heartbeat: Duration::from_secs(3),
            tick: Duration::from_secs(1),
            stall: Duration::from_secs(3),
            sweep_every: Duration::from_secs(30),
            horizon: Duration::from_secs(300),
            crash_policy: CrashPolicy::default(),
            unreadable_delay: Duration::from_secs(30),
            unreadable_patience: Duration::from_secs(24 * 60 * 60),
            shutdown_grace: Duration::from_secs(25),
            stats_every: Duration::from_secs(5),
        }
    }
}
