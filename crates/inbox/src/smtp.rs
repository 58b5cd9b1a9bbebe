//! SMTP server: one task per connection, as many connections as a pooled sender opens.

mod auth;
mod content;
mod reply;
mod session;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tracing::{debug, warn};

use crate::inbox::Shared;

/// Maximum number of connections served at once; later ones wait in the listen queue.
const MAX_CONNECTIONS: usize = 1024;

/// Pause before accepting again after a failure.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until it is stopped.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // An error means that the inbox was dropped, which stops it too.
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        let stream = match accepted {
            Ok((stream, _peer)) => stream,
            Err(error) => {
                // Probably out of file descriptors: open connections must end first.
                warn!(%error, "SMTP connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Replies are a few bytes each; without this they wait for the client's acknowledgements.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "Nagle's algorithm not turned off");
        }
        let shared = Arc::clone(&shared);
        let mut stopped = stopped.clone();
        tokio::spawn(async move {
            let _slot = slot;
            tokio::select! {
                ended = session::run(stream, shared) => {
                    if let Err(error) = ended {
                        debug!(%error, "SMTP connection failed");
                    }
                }
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        });
    }
}
