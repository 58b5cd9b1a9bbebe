//! Shutdown signal, observed by every running task.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::{info, warn};

/// Exit status of a process that received a second request to stop.
const IMPATIENT_EXIT: i32 = 130;

/// Shutdown signal of the process; all clones observe the same signal.
#[derive(Debug, Clone)]
pub struct Shutdown {
    requested: Arc<watch::Sender<bool>>,
}

impl Shutdown {
    /// Creates a signal that only [`request`](Self::request) triggers: for tests and tools.
    pub fn manual() -> Self {
        Self { requested: Arc::new(watch::Sender::new(false)) }
    }

    /// Creates a signal that `SIGTERM` and `SIGINT` trigger. A second one ends the process at once, for operators who
    /// do not want to wait for the grace period.
    ///
    /// # Errors
    /// The operating system does not allow handlers for the signals.
    pub fn on_signals() -> io::Result<Self> {
        let shutdown = Self::manual();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let wish = shutdown.clone();
        tokio::spawn(async move {
            let name = either(&mut terminate, &mut interrupt).await;
            info!(signal = name, "shutdown requested");
            wish.request();
            let name = either(&mut terminate, &mut interrupt).await;
            warn!(signal = name, "second signal received, process stopped at once");
            std::process::exit(IMPATIENT_EXIT);
        });
        Ok(shutdown)
    }

    /// Requests the shutdown.
    pub fn request(&self) {
        self.requested.send_replace(true);
    }

    /// Reports whether the shutdown has been requested.
    pub fn is_requested(&self) -> bool {
        *self.requested.borrow()
    }

    /// Waits for the request; returns at once if it has been made already.
    pub async fn requested(&self) {
        let mut wish = self.requested.subscribe();
        // The sender lives in `self`, so this ends only with the request.
        let _heard = wish.wait_for(|requested| *requested).await;
    }
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_hears_the_wish_before_or_after_it_was_expressed() {
        let shutdown = Shutdown::manual();
        let waiting = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.requested().await }
        });
        assert!(!shutdown.is_requested());
        shutdown.clone().request();
        waiting.await.unwrap();
        shutdown.requested().await;
        assert!(shutdown.is_requested());
    }
}
