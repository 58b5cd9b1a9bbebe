//! Logs once, as an error, that mails are no longer accepted.

use std::sync::atomic::{AtomicBool, Ordering};

use tracing::{error, info};

use crate::error::SendError;

/// Remembers that the server rejects us, so that ten thousand failing mails make one error line.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    ringing: AtomicBool,
}

impl Alarm {
    /// Processes the result of a mail.
    pub(crate) fn observe<T>(&self, outcome: &Result<T, SendError>) {
        match outcome {
            Err(SendError::Configuration { reason }) => {
                if !self.ringing.swap(true, Ordering::Relaxed) {
                    error!(reason, "mails not accepted, mail settings must be corrected");
                }
            }
            Ok(_) | Err(SendError::Rejected { .. }) => {
                if self.ringing.swap(false, Ordering::Relaxed) {
                    info!("mails accepted again");
                }
            }
            // These say nothing about the settings.
            Err(SendError::Transient { .. } | SendError::Unavailable { .. } | SendError::Invalid(_)) => {}
        }
    }
}
