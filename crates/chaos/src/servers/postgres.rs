//! A PostgreSQL that is stopped in the middle of things, and started again.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rubis_db::{AsyncConnection as _, AsyncPgConnection};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::free_port;
use crate::process::{Account, Launch, Process};

const USER: &str = "rubis";

/// How long the server may take to start, recovery included, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A private server and its cluster.
#[derive(Debug)]
pub struct Postgres {
    launch: Launch,
    process: Option<Process>,
    port: u16,
    password: String,
}

impl Postgres {
    /// Makes a cluster below `directory`, which belongs to `account`, and starts it.
    ///
    /// # Errors
    /// When that fails, with the end of the server's log.
    pub async fn start(
        programs: &Path,
        directory: &Path,
        account: Option<Account>,
        log: &Path,
    ) -> Result<Self> {
        Self::start_with(programs, directory, account, log, &[]).await
    }

    /// As [`Postgres::start`], with further settings, which win over those of the trials.
    ///
    /// # Errors
    /// As there.
    pub async fn start_with(
        programs: &Path,
        directory: &Path,
        account: Option<Account>,
        log: &Path,
        further: &[&str],
    ) -> Result<Self> {
        let password = Uuid::new_v4().simple().to_string();
        let cluster = initialise(programs, directory, account, log, &password).await?;
        let port = free_port()?;
        let launch = Launch::new(programs.join("postgres"), log)
            .arguments(["-D".into(), cluster.into_os_string()])
            .arguments(settings(port).iter().flat_map(|setting| ["-c", setting]))
            .arguments(further.iter().flat_map(|setting| ["-c", setting]))
            .directory(directory)
            .account(account);
        let mut server = Self { launch, process: None, port, password };
        server.start_again().await?;
        Ok(server)
    }

    /// Starts it, and returns when it takes connections.
    ///
    /// # Errors
    /// When it does not within a minute, with the end of its log.
    pub async fn start_again(&mut self) -> Result<()> {
        let process = self.process.insert(self.launch.start()?);
        let url = url(&self.password, self.port, "postgres");
        let deadline = Instant::now() + PATIENCE;
        loop {
            match AsyncPgConnection::establish(&url).await {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() >= deadline => {
                    return Err(error).context(format!("PostgreSQL does not answer{}", process.tail()));
                }
                Err(_) => process.check()?,
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops it as `pg_ctl stop -m immediate` does: every session is cut off where it stands, and
    /// the next start recovers from the log.
    ///
    /// # Errors
    /// When it does not stop.
    pub async fn stop_immediately(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::SIGQUIT)?;
            process.ended(PATIENCE).await?;
        }
        Ok(())
    }

    /// Freezes every process of the server: connections stay open, and nothing is answered.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn pause(&self) -> Result<()> {
        self.signal_all(Signal::SIGSTOP)
    }

    /// Lets every process go on.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn resume(&self) -> Result<()> {
        self.signal_all(Signal::SIGCONT)
    }

    fn signal_all(&self, signal: Signal) -> Result<()> {
        let Some(process) = &self.process else { return Ok(()) };
        // The main process first: while it is frozen it starts no other.
        process.signal(signal)?;
        let id = process.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))
            .context("the processes of PostgreSQL cannot be listed")?;
        for child in children.split_whitespace() {
            match kill(Pid::from_raw(child.parse()?), signal) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => return Err(error).context(format!("{signal} cannot be sent")),
            }
        }
        Ok(())
    }

    /// Starts it if it was stopped, and lets it go on if it was paused.
    ///
    /// # Errors
    /// As [`Postgres::start_again`].
    pub async fn mend(&mut self) -> Result<()> {
        if self.process.is_none() { self.start_again().await } else { self.resume() }
    }

    /// The id of the process that all others of it are children of, while it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// A URL with the superuser's name and password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        url(&self.password, self.port, database)
    }

    /// The same, by way of another port of this machine.
    #[must_use]
    pub fn url_through(&self, port: u16, database: &str) -> String {
        url(&self.password, port, database)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its own children would outlive a kill for a moment, and hold on to the cluster.
        if let Some(mut process) = self.process.take()
            && process.signal(Signal::SIGQUIT).is_ok()
        {
            let _ = process.wait();
        }
    }
}

fn url(password: &str, port: u16, database: &str) -> String {
    format!("postgres://{USER}:{password}@127.0.0.1:{port}/{database}")
}

/// Nothing waits for the disk, which survives whatever happens here; but a commit that was
/// acknowledged has left the server's own memory, or an immediate stop would take it back.
fn settings(port: u16) -> Vec<String> {
    let mut settings = vec![format!("port={port}")];
    settings.extend(
        [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "logging_collector=off",
            "log_destination=stderr",
            "fsync=off",
            "synchronous_commit=on",
            "full_page_writes=off",
            "wal_level=minimal",
            "max_wal_senders=0",
            "max_connections=200",
        ]
        .map(str::to_owned),
    );
    settings
}

async fn initialise(
    programs: &Path,
    directory: &Path,
    account: Option<Account>,
    log: &Path,
    password: &str,
) -> Result<PathBuf> {
    let file = directory.join("password");
    fs::write(&file, password)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    if let Some(account) = account {
        chown(&file, Some(account.uid), Some(account.gid))?;
    }
    let cluster = directory.join("cluster");
    Launch::new(programs.join("initdb"), log)
        .arguments(["-D".into(), cluster.clone().into_os_string()])
        .arguments(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync"])
        .arguments(["--locale", "C", "--lc-messages", "C", "--pwfile"])
        .arguments([file.into_os_string()])
        .directory(directory)
        .account(account)
        .run(PATIENCE)
        .await
        .context("the PostgreSQL cluster cannot be made")?;
    Ok(cluster)
}
