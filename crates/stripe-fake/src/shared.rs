//! The state shared by the pages, the API and the library's own calls.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use time::{Duration, OffsetDateTime};
use tracing::warn;

use crate::clock::FakeClock;
use crate::faults::Faults;
use crate::state::State;
use crate::webhooks::Webhooks;

/// The whole fake without its server.
pub(crate) struct Shared {
    pub secret_key: String,
    /// The address of the pages, without a slash at the end.
    pub public_url: String,
    pub clock: Arc<FakeClock>,
    pub faults: Faults,
    pub webhooks: Webhooks,
    pub state: Mutex<State>,
    pub state_file: Option<PathBuf>,
}

impl Shared {
    /// Reads or changes the state at the current time; then delivers the events of the change, and saves
    /// the change if there is a file for it.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut State, OffsetDateTime) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut state, self.clock.now());
        let events = state.take_outbox();
        self.save(&state);
        // Under the lock, so that events are delivered in the order in which they happened.
        self.webhooks.send(events);
        result
    }

    /// Simulates everything that is due.
    pub(crate) fn catch_up(&self) {
        self.with(State::catch_up);
    }

    /// Moves the time forward and simulates everything that became due.
    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.catch_up();
    }

    fn save(&self, state: &State) {
        let Some(path) = &self.state_file else { return };
        let saved = serde_json::to_vec(state).map_err(std::io::Error::from).and_then(|json| {
            let unfinished = path.with_extension("part");
            std::fs::write(&unfinished, json)?;
            std::fs::rename(&unfinished, path)
        });
        if let Err(error) = saved {
            warn!(path = %path.display(), %error, "state not saved");
        }
    }
}

/// Loads the saved state; an empty one if the file does not exist.
pub(crate) fn load(path: &std::path::Path) -> std::io::Result<State> {
    match std::fs::read(path) {
        Ok(json) => serde_json::from_slice(&json).map_err(std::io::Error::from),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(State::default()),
        Err(error) => Err(error),
    }
}
