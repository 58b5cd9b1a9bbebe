//! The wish to stop, heard by everything that runs.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::{info, warn};

/// The exit status of a process that was told twice to stop.
const IMPATIENT_EXIT: i32 = 130;

/// Whether the process is to stop; clones hear the same wish.
#[derive(Debug, Clone)]
pub struct Shutdown {
    requested: Arc<watch::Sender<bool>>,
}

impl Shutdown {
    /// A wish that only [`request`](Self::request) expresses: for tests and tools.
    pub fn manual() -> Self {
        Self { requested: Arc::new(watch::Sender::new(false)) }
    }

    /// A wish that `SIGTERM` and `SIGINT` express. A second signal ends the process at once, for whoever does
    /// not want to wait for the grace period.
    ///
    /// # Errors
    /// When the system does not let signals be heard.
    pub fn on_signals() -> io::Result<Self> {
        let shutdown = Self::manual();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let wish = shutdown.clone();
        tokio::spawn(async move {
            let name = either(&mut terminate, &mut interrupt).await;
            info!(signal = name, "stopping");
            wish.request();
            let name = either(&mut terminate, &mut interrupt).await;
            warn!(signal = name, "stopping at once: told a second time");
            std::process::exit(IMPATIENT_EXIT);
        });
        Ok(shutdown)
    }

    /// Asks everything to stop.
    pub fn request(&self) {
        self.requested.send_replace(true);
    }

    /// Whether the wish has been expressed.
    pub fn is_requested(&self) -> bool {
        *self.requested.borrow()
    }

    /// Waits for the wish; returns at once when it has been expressed already.
    pub async fn requested(&self) {
        let mut wish = self.requested.subscribe();
        // The sender lives in `self`, so this only ends with the wish.
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
