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

/// Error of a wait that a signal ended.
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

/// Starts listening for `SIGINT`, `SIGTERM` and `SIGHUP`. A second signal ends the process at once; its supervisors
/// then stop the programs that it started.
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

/// Waits for `duration`, or fails with [`Interrupted`] as soon as a signal arrives.
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

/// Tries again `every` so often until there is a result; there is none after `limit`.
pub fn poll<T>(
    limit: Duration,
    every: Duration,
    mut attempt: impl FnMut() -> Result<Option<T>>,
) -> Result<Option<T>> {
    let started = Instant::now();
    loop {
        let found = attempt()?;
        if found.is_some() || started.elapsed() >= limit {
            return Ok(found);
        }
        pause(every)?;
    }
}

/// Returns true if a signal caused the error.
pub fn caused(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<Interrupted>())
}
