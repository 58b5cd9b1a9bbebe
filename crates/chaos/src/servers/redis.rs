//! A Redis that is emptied, killed, paused and started again.

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::{Result, bail};
use deadpool_redis::redis::{Client, cmd};
use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};

use super::free_port;
use crate::process::{Account, Launch, Process};

/// How long the server may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A private server that keeps nothing on the disk.
#[derive(Debug)]
pub struct Redis {
    launch: Launch,
    process: Option<Process>,
    port: u16,
}

impl Redis {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not start, with the end of its log.
    pub async fn start(program: &Path, account: Option<Account>, log: &Path) -> Result<Self> {
        let port = free_port()?;
        let launch = Launch::new(program, log)
            .arguments(["--bind", "127.0.0.1", "--port", &port.to_string(), "--daemonize", "no"])
            .arguments(["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"])
            .directory("/")
            .account(account);
        let mut server = Self { launch, process: None, port };
        server.start_again().await?;
        Ok(server)
    }

    /// Starts it, empty, and returns when it answers.
    ///
    /// # Errors
    /// When it does not, with the end of its log.
    pub async fn start_again(&mut self) -> Result<()> {
        let mut process = self.launch.start()?;
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = command(self.port, "PING").await {
            process.check()?;
            if Instant::now() >= deadline {
                bail!("Redis does not answer: {error:#}{}", process.tail());
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.process = Some(process);
        Ok(())
    }

    /// Lets it go on if it was paused, starts it if it was killed.
    ///
    /// # Errors
    /// As [`Redis::start_again`].
    pub async fn mend(&mut self) -> Result<()> {
        if self.process.is_none() { self.start_again().await } else { self.resume() }
    }

    /// Kills it; what it held is gone.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
    }

    /// Stops its time: connections stay open, and nothing is answered.
    ///
    /// # Errors
    /// When it is gone.
    pub fn pause(&self) -> Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal(Signal::SIGSTOP))
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it is gone.
    pub fn resume(&self) -> Result<()> {
        self.process.as_ref().map_or(Ok(()), |process| process.signal(Signal::SIGCONT))
    }

    /// Deletes every key.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn flush(&self) -> Result<()> {
        command(self.port, "FLUSHALL").await
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}/", self.address())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

async fn command(port: u16, name: &str) -> Result<()> {
    let client = Client::open(format!("redis://127.0.0.1:{port}/"))?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    Ok(cmd(name).query_async::<()>(&mut connection).await?)
}
