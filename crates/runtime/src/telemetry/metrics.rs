//! The metrics recorder, and what it shows of the process itself.

use std::time::Duration;

use metrics::{Unit, describe_gauge, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use thiserror::Error;

use super::bounded::{self, Bounded};
use super::process::ProcessState;
use crate::shutdown::Shutdown;

/// From a fast query to a slow mail server, in seconds. Every histogram whose name ends in `_seconds` uses them.
const SECONDS_BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];

/// How often recorded histogram samples are put into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Everything that was recorded, ready to be shown.
#[derive(Debug, Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

/// Why nothing is recorded.
#[derive(Debug, Error)]
pub enum MetricsError {
    /// The buckets of the histograms are not right.
    #[error("metrics cannot be recorded")]
    Build(#[from] BuildError),
    /// There is one recorder a process.
    #[error("metrics are recorded already")]
    Installed,
}

impl Metrics {
    /// Records what `counter!`, `gauge!` and `histogram!` say in this process from now on. `binary` names it,
    /// `version` is the crate's.
    ///
    /// # Errors
    /// When a recorder was installed before.
    pub fn install(binary: &'static str, version: &'static str) -> Result<Self, MetricsError> {
        let recorder = builder()?.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(Bounded::new(recorder)).map_err(|_| MetricsError::Installed)?;
        bounded::describe();
        describe_gauge!("rubis_build_info", "Always 1; the labels say what is running.");
        gauge!("rubis_build_info", "binary" => binary, "version" => version).set(1.0);
        describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Memory held by the process.");
        describe_gauge!("process_threads", "Threads of the process.");
        describe_gauge!("process_open_fds", "File descriptors the process has open.");
        Ok(Self { handle })
    }

    /// The Prometheus text, with the state of the process as it is now.
    pub fn render(&self) -> String {
        let state = ProcessState::read();
        let show = |name: &'static str, value: Option<f64>| {
            if let Some(value) = value {
                gauge!(name).set(value);
            }
        };
        show("process_resident_memory_bytes", state.resident_bytes);
        show("process_threads", state.threads);
        show("process_open_fds", state.open_files);
        self.handle.render()
    }

    /// Keeps the recorder's memory bounded until the process stops; spawn it once.
    pub async fn maintain(self, shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(UPKEEP) => {}
                () = shutdown.requested() => return,
            }
            let handle = self.handle.clone();
            if tokio::task::spawn_blocking(move || handle.run_upkeep()).await.is_err() {
                return;
            }
        }
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)
}

#[cfg(test)]
impl Metrics {
    /// Metrics of no recorder: for tests of what shows them.
    pub(super) fn detached() -> Self {
        Self { handle: PrometheusBuilder::new().build_recorder().handle() }
    }
}
