//! Ctrl-C and `SIGTERM`, turned into an error that unwinds whatever is being waited for, so that
//! everything that was started is stopped in order on the way out.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

struct Interrupt {
    received: Mutex<bool>,
    arrived: Condvar,
}

static INTERRUPT: Interrupt = Interrupt { received: Mutex::new(false), arrived: Condvar::new() };

/// The error of a wait that a signal ended.
#[derive(Debug)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

impl Interrupt {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts listening for `SIGINT`, `SIGTERM` and `SIGHUP`.
///
/// A second signal ends the process at once; what it started then stops on its own (see `guard`).
///
/// # Errors
/// When the system refuses the handler.
pub fn listen() -> Result<()> {
    // A handler and not a blocked mask: a mask would be inherited by every program that is started.
    ctrlc::set_handler(|| {
        let mut received = INTERRUPT.lock();
        if *received {
            std::process::exit(130);
        }
        *received = true;
        INTERRUPT.arrived.notify_all();
    })?;
    Ok(())
}

/// Waits for `duration`.
///
/// # Errors
/// [`Interrupted`], as soon as the process is asked to stop.
pub fn pause(duration: Duration) -> Result<()> {
    let deadline = Instant::now() + duration;
    let mut received = INTERRUPT.lock();
    while !*received {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        received = INTERRUPT.arrived.wait_timeout(received, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    Err(Interrupted.into())
}

/// Whether `error` comes from a signal rather than from something that went wrong.
pub fn caused(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<Interrupted>())
}
