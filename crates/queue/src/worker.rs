//! A process that serves queues.

use tokio::{sync::watch, task::JoinSet};

use crate::{Ends, QueueRunner, serve::serve, supervise};

/// Serves queues, each apart from the others: a burst in one does not hold up another.
#[derive(Default)]
pub struct Worker {
    runners: Vec<QueueRunner>,
}

impl Worker {
    /// Serves nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also serves this queue.
    #[must_use]
    pub fn with(mut self, runner: QueueRunner) -> Self {
        self.runners.push(runner);
        self
    }

    /// Runs until `stop` turns true (or its sender is gone), and returns when the running jobs
    /// have finished or have been put back.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let mut queues = JoinSet::new();
        for runner in self.runners {
            let stop = stop.clone();
            queues.spawn(supervise(runner.queue().as_str(), "queue", Ends::WhenDone, move || {
                serve(runner.clone(), stop.clone())
            }));
        }
        while let Some(ended) = queues.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "queue no longer served");
            }
        }
    }
}
