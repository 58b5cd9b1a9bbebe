//! Queues and concurrency of a worker.

use std::time::Duration;

use super::error::SettingsError;
use super::key::{Default, Key, Section};
use super::parse;
use super::source::Source;

/// Queues and concurrency of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSection {
    /// Number of jobs at once, for each queue.
    pub concurrency: usize,
    /// Queues of this replica; `None` is all of them.
    pub queues: Option<Vec<String>>,
    /// Time by which jobs are pushed to Redis before they are due.
    pub queue_horizon: Duration,
}

static WORKER_CONCURRENCY: Key = Key {
    name: "WORKER_CONCURRENCY",
    default: Default::Value("32"),
    takes: "a number from 1 to 1000",
    meaning: "Number of jobs that run at once, for each queue.",
    example: None,
    secret: false,
};
static WORKER_QUEUES: Key = Key {
    name: "WORKER_QUEUES",
    default: Default::Unset("all of them"),
    takes: "names of queues separated by commas, as relances",
    meaning: "Queues processed by this replica.",
    example: None,
    secret: false,
};
static QUEUE_HORIZON_SECONDS: Key = Key {
    name: "QUEUE_HORIZON_SECONDS",
    default: Default::Value("300"),
    takes: "a number of seconds from 10 to 3600",
    meaning: "Time by which jobs are pushed to Redis before they are due. Its memory grows with this window, not with the calendar.",
    example: None,
    secret: false,
};

pub(super) static SECTION: Section =
    Section { title: "Worker", keys: &[&WORKER_CONCURRENCY, &WORKER_QUEUES, &QUEUE_HORIZON_SECONDS] };

impl WorkerSection {
    pub(super) fn read(source: &Source) -> Result<Self, SettingsError> {
        Ok(Self {
            concurrency: source.required(&WORKER_CONCURRENCY, parse::within(1..=1000))?,
            queues: source.optional(&WORKER_QUEUES, |text| parse::list(text, parse::word))?,
            queue_horizon: source.required(&QUEUE_HORIZON_SECONDS, parse::seconds(10..=3600))?,
        })
    }
}
