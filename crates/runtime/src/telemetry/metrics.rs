//! The metrics recorder, and the metrics of the process itself.

use std::time::Duration;

use metrics::{Unit, describe_gauge, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use thiserror::Error;

use super::bounded::{self, Bounded};
use super::process::ProcessState;
use crate::shutdown::Shutdown;

/// Buckets in seconds, from a fast query to a slow mail server. Every histogram whose name ends in `_seconds` uses
/// them.
const SECONDS_BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0];

/// Interval at which recorded histogram samples are put into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// All recorded metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

/// Reasons why metrics cannot be recorded.
#[derive(Debug, Error)]
pub enum MetricsError {
    /// The buckets of the histograms are invalid.
    #[error("metrics cannot be recorded")]
    Build(#[from] BuildError),
    /// The process has a recorder already.
    #[error("metrics are recorded already")]
    Installed,
}

impl Metrics {
    /// Records `counter!`, `gauge!` and `histogram!` of this process from now on. `binary` names it, `version` is the
    /// crate's.
    ///
    /// # Errors
    /// A recorder was installed before.
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

    /// Returns the Prometheus text, with the current state of the process.
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
    /// Creates metrics without a recorder: for tests of their output.
    pub(super) fn detached() -> Self {
        Self { handle: PrometheusBuilder::new().build_recorder().handle() }
    }
}
