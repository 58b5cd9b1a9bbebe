//! What the pages, the API and the library's own calls have in common.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use time::{Duration, OffsetDateTime};
use tracing::warn;

use crate::clock::FakeClock;
use crate::faults::Faults;
use crate::state::State;
use crate::webhooks::Webhooks;

/// The whole fake, but for its server.
pub(crate) struct Shared {
    pub secret_key: String,
    /// Where the pages are, without a slash at the end.
    pub public_url: String,
    pub clock: Arc<FakeClock>,
    pub faults: Faults,
    pub webhooks: Webhooks,
    pub state: Mutex<State>,
    pub state_file: Option<PathBuf>,
}

impl Shared {
    /// Reads or changes what is known, at the time that it is; events of the change are then delivered, and the
    /// change is kept if there is a file for it.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut State, OffsetDateTime) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut state, self.clock.now());
        let events = state.take_outbox();
        self.save(&state);
        // Under the lock, so that events are delivered in the order in which they happened.
        self.webhooks.send(events);
        result
    }

    /// Plays what is due.
    pub(crate) fn catch_up(&self) {
        self.with(State::catch_up);
    }

    /// Moves the time on and plays what became due.
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
            warn!(path = %path.display(), %error, "what is known could not be kept");
        }
    }
}

/// What was kept at the last start; nothing when the file is not there.
pub(crate) fn load(path: &std::path::Path) -> std::io::Result<State> {
    match std::fs::read(path) {
        Ok(json) => serde_json::from_slice(&json).map_err(std::io::Error::from),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(State::default()),
        Err(error) => Err(error),
    }
}
