//! A log that keeps the events of the audit trail.

use std::{
    io::{self, Write},
    sync::{Arc, LazyLock, Mutex},
};

use serde_json::Value;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter, util::SubscriberInitExt};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Of the whole process: the server has threads of its own.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true);
    let filter = EnvFilter::new("rubis_audit=info");
    subscriber.with_env_filter(filter).with_writer(log.clone()).finish().try_init().unwrap();
    log
});

/// The events of tests that use one client address each, so that tests may run side by side.
pub struct Trail {
    client: &'static str,
}

impl Trail {
    /// Begins to write events down.
    pub fn of_client(client: &'static str) -> Self {
        LazyLock::force(&LOG);
        Self { client }
    }

    /// Every event of the client so far.
    pub fn events(&self) -> Vec<Value> {
        let bytes = LOG.0.lock().unwrap().clone();
        let lines = String::from_utf8(bytes).unwrap();
        let events = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.filter(|event| event["client"] == self.client).collect()
    }

    /// The last event of the client, which has to be of this kind.
    #[track_caller]
    pub fn last(&self, kind: &str) -> Value {
        let event = self.events().pop().unwrap_or_default();
        assert_eq!(event["event"], kind, "{event}");
        event
    }
}
