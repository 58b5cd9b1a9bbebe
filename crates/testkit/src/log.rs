//! The log of the test process, captured.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{self, Write},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use serde_json::Value;
use tracing_subscriber::{
    Layer as _, Registry,
    filter::LevelFilter,
    fmt::{MakeWriter, format::FmtSpan},
    layer::SubscriberExt as _,
    reload,
    util::SubscriberInitExt as _,
};

/// Captures the events of the whole process, and the start of each span as an event `new`, as JSON lines: a server has threads of its own, and all tests of a binary
/// may share one process.
static LOG: LazyLock<CapturedLog> = LazyLock::new(|| {
    let lines = Lines::default();
    let (level, handle) = reload::Layer::new(LevelFilter::INFO);
    let json = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_events(FmtSpan::NEW)
        .with_writer(lines.clone());
    tracing_subscriber::registry().with(json.with_filter(level)).init();
    CapturedLog { lines, level: handle }
});

/// The captured log.
pub struct CapturedLog {
    lines: Lines,
    level: reload::Handle<LevelFilter, Registry>,
}

impl CapturedLog {
    /// Begins to capture at the level `info`, if that has not begun.
    pub fn of_process() -> &'static Self {
        &LOG
    }

    /// Captures at every level until the guard is dropped.
    #[must_use]
    pub fn at_every_level() -> EveryLevel {
        LOG.level.reload(LevelFilter::TRACE).unwrap();
        EveryLevel
    }

    /// Returns everything so far.
    pub fn text(&self) -> String {
        let bytes = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(bytes).unwrap()
    }

    /// Returns the events so far that have this value in this field.
    pub fn events(&self, field: &str, value: &str) -> Vec<Value> {
        let text = self.text();
        let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        events.filter(|event| event[field] == value).collect()
    }
}

/// Restores the level when it is dropped.
pub struct EveryLevel;

impl Drop for EveryLevel {
    fn drop(&mut self) {
        LOG.level.reload(LevelFilter::INFO).unwrap();
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
