//! Worker processes.

use std::ffi::OsString;
use std::net::TcpStream;
use std::time::Duration;

use anyhow::Result;
use rubis_devkit::{Launch, Process, ports};
use rubis_jobs::Queue;
use rubis_runtime::WorkerSettings;

/// Time for a worker to start.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Longer than the grace that a worker gives its jobs.
pub const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A worker to start, with the addresses of the run unless a scenario sets others.
#[derive(Clone, Debug)]
pub struct WorkerLaunch(pub(crate) Launch);

impl WorkerLaunch {
    /// Sets an environment variable.
    #[must_use]
    pub fn set(self, key: &str, value: impl Into<OsString>) -> Self {
        Self(self.0.environment([(key, value)]))
    }

    /// Starts it, and returns when it serves.
    pub fn start(&self) -> Result<Process> {
        let metrics = format!("127.0.0.1:{}", ports::any()?);
        let mut process = self.0.clone().environment([("METRICS_ADDR", &metrics)]).start()?;
        process.wait_until(START_LIMIT, || TcpStream::connect(&metrics).is_ok())?;
        Ok(process)
    }
}

/// Runs as a worker: what `rubis-worker` does, for tests that run before that program is built.
pub async fn serve_as_worker() -> Result<()> {
    let settings = WorkerSettings::load()?;
    let process = rubis_composition::Process::start("rubis-worker", &settings.process).await?;
    Ok(rubis_worker::serve(&settings, Queue::ALL, process).await?)
}
