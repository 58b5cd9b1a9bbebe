//! The fake as a whole, for programs that start it in their own process.

mod disturbances;
mod knowledge;
mod plays;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use thiserror::Error;
use url::Url;

use crate::clock::FakeClock;
use crate::faults::Faults;
use crate::http::{self, Listener};
use crate::settings::FakeSettings;
use crate::shared::{self, Shared};
use crate::state::State;
use crate::webhooks::Webhooks;

/// A running fake; dropping it stops it.
pub struct StripeFake {
    shared: Arc<Shared>,
    server: http::RunningServer,
}

/// A failure to start a fake.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("cannot listen on {addr}")]
    Listen { addr: SocketAddr, source: io::Error },
    /// The state file cannot be read.
    #[error("cannot read {}", path.display())]
    State { path: PathBuf, source: io::Error },
    /// The client that delivers events cannot be built.
    #[error("no HTTP client: {0}")]
    Client(String),
}

impl StripeFake {
    /// Starts listening, on the current tokio runtime; returns once requests are accepted.
    pub async fn start(settings: FakeSettings) -> Result<Self, StartError> {
        let mut state = match &settings.state_file {
            None => State::default(),
            Some(path) => {
                shared::load(path).map_err(|source| StartError::State { path: path.clone(), source })?
            }
        };
        state.shapes = settings.shapes;
        state.offer(&settings.prices);
        let listen = |source| StartError::Listen { addr: settings.addr, source };
        let listener = Listener::bind(settings.addr).map_err(listen)?;
        let addr = listener.addr().map_err(listen)?;
        let public_url = settings.public_url.map_or_else(|| format!("http://{addr}"), String::from);
        let clock = Arc::new(FakeClock::new(settings.clock));
        let webhooks = Webhooks::start(settings.webhook, settings.retry_delays, Arc::clone(&clock))
            .map_err(|error| StartError::Client(error.to_string()))?;
        let shared = Arc::new(Shared {
            secret_key: settings.secret_key,
            public_url: public_url.trim_end_matches('/').to_owned(),
            clock,
            faults: Faults::default(),
            webhooks,
            state: Mutex::new(state),
            state_file: settings.state_file,
        });
        let server = http::start(listener, Arc::clone(&shared)).map_err(listen)?;
        Ok(Self { shared, server })
    }

    /// Returns the address on which it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// Returns its address as `STRIPE_API_BASE` expects it.
    ///
    /// # Panics
    /// Never: an address and a port make a URL.
    #[must_use]
    #[expect(clippy::expect_used, reason = "an address and a port make a URL")]
    pub fn api_base(&self) -> Url {
        format!("http://{}", self.addr()).parse().expect("an address and a port make a URL")
    }

    /// Returns the secret key that is accepted.
    #[must_use]
    pub fn secret_key(&self) -> &str {
        &self.shared.secret_key
    }

    /// Stops listening; pending deliveries are dropped.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}
