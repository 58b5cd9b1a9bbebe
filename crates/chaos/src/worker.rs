//! Worker processes.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;
use rubis_jobs::Queue;
use rubis_runtime::{Shutdown, WorkerSettings};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::{
    process::{Launch, Process},
    servers::free_port,
};

/// How long a worker may take to start.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Longer than the grace that a worker gives what runs.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A worker to start: with the addresses of the trial, unless a scenario gives others.
#[derive(Clone, Debug)]
pub struct WorkerLaunch {
    program: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(String, OsString)>,
    directory: PathBuf,
    log: PathBuf,
}

impl WorkerLaunch {
    pub(crate) fn new(
        (program, arguments): (PathBuf, Vec<OsString>),
        variables: Vec<(String, OsString)>,
        directory: PathBuf,
        log: PathBuf,
    ) -> Self {
        Self { program, arguments, variables, directory, log }
    }

    /// Gives a setting, or a variable of the process, another value.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((key.to_owned(), value.into()));
        self
    }

    /// Starts it, and returns when it serves.
    ///
    /// # Errors
    /// When it does not, with the end of its log.
    pub async fn start(&self) -> Result<WorkerProcess> {
        let metrics = format!("127.0.0.1:{}", free_port()?);
        let mut launch = Launch::new(&self.program, &self.log)
            .arguments(self.arguments.clone())
            .directory(&self.directory);
        for (key, value) in &self.variables {
            launch = launch.variable(key, value);
        }
        let mut process = launch.variable("METRICS_ADDR", &metrics).start()?;
        let deadline = Instant::now() + START_LIMIT;
        while TcpStream::connect(&metrics).await.is_err() {
            process.check()?;
            ensure!(Instant::now() < deadline, "a worker does not start{}", process.tail());
            sleep(Duration::from_millis(10)).await;
        }
        Ok(WorkerProcess { process })
    }
}

/// A worker that runs. Dropping it kills it.
#[derive(Debug)]
pub struct WorkerProcess {
    process: Process,
}

impl WorkerProcess {
    /// The id of its process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Kills it: `kill -9`.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(mut self) -> Result<()> {
        self.process.check()?;
        self.process.kill()
    }

    /// Asks it to stop, and waits until it has. Says how long that took.
    ///
    /// # Errors
    /// When it does not within its grace, or does not end well.
    pub async fn terminate(mut self) -> Result<Duration> {
        let asked = Instant::now();
        self.process.check()?;
        self.process.signal(Signal::SIGTERM)?;
        let status = self.process.ended(STOP_LIMIT).await.context("told to stop by SIGTERM")?;
        ensure!(
            status.success(),
            "a worker that was told to stop ended with {status}{}",
            self.process.tail()
        );
        Ok(asked.elapsed())
    }
}

/// Is a worker: what `rubis-worker` does, for trials that run where that program has not been built.
///
/// # Errors
/// When the settings are wrong or the worker cannot start.
pub async fn serve_as_worker() -> Result<()> {
    let settings = WorkerSettings::load()?;
    rubis_runtime::telemetry::init_tracing(&settings.process.log)?;
    let shutdown = Shutdown::on_signals()?;
    Ok(rubis_worker::serve(&settings, Queue::ALL, shutdown).await?)
}
