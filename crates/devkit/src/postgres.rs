//! A private PostgreSQL: its cluster, its server, its databases.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::supervisor::{self, StopSignal};
use crate::{Account, Launch, Process, data_directory, interrupt, output_of, workspace};

const USER: &str = "rubis";

/// Time for the server to start, recovery included, and to stop.
const LIMIT: Duration = Duration::from_secs(60);

/// Locale with the case rules of UTF-8.
pub const UTF_8: &str = if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" };

/// Settings of a server that keeps its data: PostgreSQL's defaults.
pub const DURABLE: &[&str] = &[];

/// Settings for tests: nothing waits for the disk, and many connections are allowed.
pub const DISPOSABLE: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=400",
];

/// Settings for scenarios that stop the server: nothing waits for the disk, but an acknowledged commit has left the
/// memory of the server and survives an immediate stop.
pub const RECOVERABLE: &[&str] = &[
    "fsync=off",
    "synchronous_commit=on",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=200",
];

/// A cluster, which is created if need be, and the settings of its server.
#[derive(Clone, Copy, Debug)]
pub struct Cluster<'a> {
    /// Directory of the server's programs.
    pub programs: &'a Path,
    /// Directory of the cluster; see [`data_directory`].
    pub directory: &'a Path,
    pub log: &'a Path,
    /// Settings, as `name=value`.
    pub settings: &'a [&'a str],
    /// Locale of the databases.
    pub locale: &'a str,
    /// Removes the directory at the end.
    pub temporary: bool,
}

/// A server of the loopback interface. Dropping it stops it.
#[derive(Debug)]
pub struct Postgres {
    launch: Launch,
    process: Option<Process>,
    programs: PathBuf,
    port: u16,
    password: String,
    /// After the process: fields are dropped in their order.
    _data: Option<Temporary>,
}

#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // A leftover is in a directory for temporary data.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Postgres {
    pub fn start(cluster: &Cluster<'_>, port: u16) -> Result<Self> {
        let Cluster { programs, settings, .. } = *cluster;
        let account = Account::for_servers()?;
        let directory = data_directory(cluster.directory, account.as_ref())?;
        let data = directory.join("cluster");
        let password = password(&directory, account.as_ref())?;
        if data.join("PG_VERSION").exists() {
            check_version(programs, &data)?;
            stop_leftover(&data)?;
        } else {
            initialise(cluster, &directory, account.as_ref())?;
        }
        let port_setting = format!("port={port}");
        // A socket's path may have 107 characters, and that of a checkout more.
        let common = [
            port_setting.as_str(),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "logging_collector=off",
            "log_destination=stderr",
        ];
        let launch = Launch::new("PostgreSQL", programs.join("postgres"))
            .arguments(["-D".into(), data.into_os_string()])
            .arguments(common.iter().chain(settings).flat_map(|setting| ["-c", setting]))
            .directory(&directory)
            .account(account)
            .log(cluster.log)
            .stop_with(StopSignal::Int, Duration::from_secs(30));
        let temporary = cluster.temporary.then(|| Temporary(directory));
        let programs = programs.to_owned();
        let mut server = Self { launch, process: None, programs, port, password, _data: temporary };
        server.start_again()?;
        Ok(server)
    }

    pub fn start_again(&mut self) -> Result<()> {
        let (mut psql, address) = (self.psql("postgres"), self.address());
        psql.args(["-c", "SELECT 1"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = self.process.insert(self.launch.start()?);
        // It listens before it has recovered; the query also proves that the password is that of the cluster.
        process.wait_until(LIMIT, || {
            TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
                && psql.status().is_ok_and(|status| status.success())
        })
    }

    /// Stops it as `pg_ctl stop -m immediate` does: every session is cut off, and the next start recovers.
    pub fn stop_immediately(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::SIGQUIT)?;
            process.wait_within(LIMIT)?;
        }
        Ok(())
    }

    /// Freezes every process of the server: connections stay open, and nothing gets a response.
    pub fn pause(&self) -> Result<()> {
        self.signal_all(Signal::SIGSTOP)
    }

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

    /// Starts it if it was stopped, resumes it if it was paused.
    pub fn mend(&mut self) -> Result<()> {
        if self.process.is_none() { self.start_again() } else { self.resume() }
    }

    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    pub fn url(&self, database: &str) -> String {
        self.url_of(USER, &self.password, database)
    }

    pub fn url_of(&self, role: &str, password: &str, database: &str) -> String {
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Fails with the end of the log if it has ended.
    pub fn check(&mut self) -> Result<()> {
        self.process.as_mut().map_or(Ok(()), Process::check)
    }

    /// Creates an empty database unless it exists.
    pub fn create_database(&self, name: &str) -> Result<()> {
        let found = self.query("postgres", &format!("SELECT 1 FROM pg_database WHERE datname = '{name}'"))?;
        if found.trim().is_empty() {
            self.query("postgres", &format!("CREATE DATABASE {name}"))?;
        }
        Ok(())
    }

    pub fn query(&self, database: &str, statements: &str) -> Result<String> {
        output_of(self.psql(database).args(["-c", statements]))
    }

    pub fn run_file(&self, database: &str, file: &Path, in_transaction: bool) -> Result<String> {
        let mut psql = self.psql(database);
        if in_transaction {
            psql.arg("--single-transaction");
        }
        output_of(psql.arg("-f").arg(file))
    }

    pub fn psql(&self, database: &str) -> Command {
        let mut command = Command::new(self.programs.join("psql"));
        command
            .args(["-X", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"])
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", USER, "-d", database])
            .env("PGPASSWORD", &self.password)
            .env("PGCONNECT_TIMEOUT", "5")
            .env("PGCLIENTENCODING", "UTF8")
            .env_remove("PGOPTIONS")
            .env_remove("PGSERVICE")
            .env_remove("PGSSLMODE");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The children of a killed server hold on to the cluster for a moment. A supervisor stops it properly.
        if !supervisor::is_enabled() {
            let _ = self.resume();
            let _ = self.stop_immediately();
        }
    }
}

/// The superuser's password, created once: other users of the machine reach the loopback interface too.
fn password(directory: &Path, account: Option<&Account>) -> Result<String> {
    let path = directory.join("password");
    if let Ok(password) = fs::read_to_string(&path) {
        return Ok(password);
    }
    let password = workspace::random_hex(24)?;
    workspace::write_secret(&path, &password)?;
    if let Some(account) = account {
        std::os::unix::fs::chown(&path, Some(account.uid), Some(account.gid))?;
    }
    Ok(password)
}

fn initialise(cluster: &Cluster<'_>, directory: &Path, account: Option<&Account>) -> Result<()> {
    // Created beside its final path and moved there, so that an interrupted one is not taken for a whole one.
    let unfinished = directory.join("cluster.unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    let mut command = Command::new(cluster.programs.join("initdb"));
    command
        .arg("-D")
        .arg(&unfinished)
        .args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync"])
        .args(["--locale", cluster.locale, "--lc-messages", "C"])
        .arg("--pwfile")
        .arg(directory.join("password"))
        .current_dir(directory);
    Account::applied_to(account, &mut command);
    output_of(&mut command).context("the PostgreSQL cluster cannot be made")?;
    fs::rename(&unfinished, directory.join("cluster"))?;
    Ok(())
}

/// A cluster belongs to one major version, and the machine may have a newer one since.
fn check_version(programs: &Path, cluster: &Path) -> Result<()> {
    let made_by = fs::read_to_string(cluster.join("PG_VERSION"))?;
    let version = output_of(Command::new(programs.join("postgres")).arg("--version"))?;
    if !version.contains(&format!("(PostgreSQL) {}", made_by.trim())) {
        bail!(
            "the data in {} is of PostgreSQL {}, the program found is {}: remove that directory to start afresh",
            cluster.display(),
            made_by.trim(),
            version.trim()
        );
    }
    Ok(())
}

/// Stops a server that was left on this cluster, and removes the mark of one whose process id another program has now.
fn stop_leftover(cluster: &Path) -> Result<()> {
    let mark = cluster.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&mark) else {
        return Ok(());
    };
    let Some(id) = text.lines().next().and_then(|line| line.trim().parse::<i32>().ok()) else {
        return Ok(());
    };
    for attempt in 0..300 {
        let command = output_of(Command::new("ps").args(["-ww", "-o", "command=", "-p", &id.to_string()]));
        match command {
            // PostgreSQL itself recognises the mark of a process that is gone.
            Err(_) => return Ok(()),
            Ok(command) if !command.contains(&*cluster.to_string_lossy()) => {
                return match fs::remove_file(&mark) {
                    // A server that was asked to stop removes it itself.
                    Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
                    _ => Ok(()),
                };
            }
            Ok(_) => {
                if attempt == 0 {
                    let _ = kill(Pid::from_raw(id), Signal::SIGINT);
                }
                interrupt::pause(Duration::from_millis(100))?;
            }
        }
    }
    bail!(
        "process {id} is a PostgreSQL server that an earlier run left on {} and that does not stop",
        cluster.display()
    )
}
