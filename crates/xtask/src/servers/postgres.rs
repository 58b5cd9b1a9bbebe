//! A private PostgreSQL: its cluster, its server, its databases.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::account::{Account, data_directory};
use super::certificates::Certificates;
use crate::guard::StopSignal;
use crate::interrupt;
use crate::processes::{Guarded, Launch, output_of};
use crate::workspace;

const USER: &str = "rubis";

/// How much of a crash the data has to survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// PostgreSQL's defaults.
    Durable,
    /// Nothing is waited for to reach the disk, and many connections are allowed: for tests.
    Disposable,
}

/// A running server. Dropping it stops it.
pub struct Postgres {
    process: Guarded,
    programs: PathBuf,
    port: u16,
    password: String,
    /// After the process: a field is dropped once those before it have been.
    _data: Option<RemovedAtTheEnd>,
}

/// Data that nobody wants once its server has stopped.
struct RemovedAtTheEnd(PathBuf);

impl Drop for RemovedAtTheEnd {
    fn drop(&mut self) {
        // What cannot be removed is in a directory for temporary data.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Postgres {
    /// Starts a server on `port` of the loopback interface, in a cluster at `wanted` that is made if need be.
    ///
    /// `programs` is the directory of the server's programs, `log` where its messages go.
    ///
    /// # Errors
    /// When the cluster cannot be made or the server does not start, with the end of its log.
    pub fn start(
        programs: &Path,
        wanted: &Path,
        log: &Path,
        port: u16,
        durability: Durability,
    ) -> Result<Self> {
        let account = Account::for_servers()?;
        let directory = data_directory(wanted, account.as_ref())?;
        let cluster = directory.join("cluster");
        let password = password(&directory, account.as_ref())?;
        if cluster.join("PG_VERSION").exists() {
            check_version(programs, &cluster)?;
            stop_leftover(&cluster)?;
        } else {
            initialise(programs, &directory, account.as_ref())?;
        }

        let data = (durability == Durability::Disposable).then(|| RemovedAtTheEnd(directory.clone()));
        let mut settings = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            // A socket's path may not be longer than 107 characters, and a checkout's may be.
            "unix_socket_directories=".to_owned(),
            "logging_collector=off".to_owned(),
            "log_destination=stderr".to_owned(),
        ];
        if durability == Durability::Disposable {
            settings.extend(
                [
                    "fsync=off",
                    "synchronous_commit=off",
                    "full_page_writes=off",
                    "wal_level=minimal",
                    "max_wal_senders=0",
                    "max_connections=400",
                ]
                .map(str::to_owned),
            );
        }
        let process = Launch::new("PostgreSQL", programs.join("postgres"))
            .arguments(["-D".into(), cluster.into_os_string()])
            .arguments(settings.iter().flat_map(|setting| ["-c", setting.as_str()]))
            .directory(&directory)
            .account(account)
            .log(log)
            .stop_with(StopSignal::Int, Duration::from_secs(30))
            .start()?;
        let mut server = Self { process, programs: programs.to_owned(), port, password, _data: data };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// A URL with the superuser's name and password.
    pub fn url(&self, database: &str) -> String {
        self.url_of(USER, &self.password, database)
    }

    /// A URL with the name and password of a role.
    pub fn url_of(&self, role: &str, password: &str, database: &str) -> String {
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// Lets it take encrypted connections too.
    ///
    /// # Errors
    /// psql fails, or the server does not take the certificate.
    pub fn encrypt(&self, certificates: &Certificates) -> Result<()> {
        for (name, value) in [
            ("ssl_cert_file", certificates.file("server.pem").display().to_string()),
            ("ssl_key_file", certificates.file("server.key").display().to_string()),
            ("ssl", "on".to_owned()),
        ] {
            self.query("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"))?;
        }
        self.query("postgres", "SELECT pg_reload_conf()")?;
        for _ in 0..100 {
            if self.query("postgres", "SHOW ssl")?.trim() == "on" {
                return Ok(());
            }
            interrupt::pause(Duration::from_millis(50))?;
        }
        bail!("PostgreSQL does not take the certificate in {}", certificates.directory().display())
    }

    /// Where it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Looks whether it still runs.
    ///
    /// # Errors
    /// When it does not, with the end of its log.
    pub fn check(&mut self) -> Result<()> {
        self.process.check()
    }

    /// Creates an empty database unless it exists.
    ///
    /// # Errors
    /// When psql fails.
    pub fn create_database(&self, name: &str) -> Result<()> {
        let found = self.query("postgres", &format!("SELECT 1 FROM pg_database WHERE datname = '{name}'"))?;
        if found.trim().is_empty() {
            self.query("postgres", &format!("CREATE DATABASE {name}"))?;
        }
        Ok(())
    }

    /// Runs statements, and answers what they print.
    ///
    /// # Errors
    /// When psql fails, with what the server said.
    pub fn query(&self, database: &str, statements: &str) -> Result<String> {
        output_of(self.psql(database).args(["-c", statements]))
    }

    /// Runs a file of statements, in one transaction if asked to, and answers what they print.
    ///
    /// # Errors
    /// When psql fails, with what the server said and the line it said it of.
    pub fn run_file(&self, database: &str, file: &Path, in_transaction: bool) -> Result<String> {
        let mut psql = self.psql(database);
        if in_transaction {
            psql.arg("--single-transaction");
        }
        output_of(psql.arg("-f").arg(file))
    }

    pub(super) fn psql(&self, database: &str) -> Command {
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

    fn wait_until_ready(&mut self) -> Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        self.process.wait_until(Duration::from_secs(60), || {
            TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
        })?;
        // It listens a moment before it has recovered; the answer also tells that the password is the cluster's.
        for _ in 0..100 {
            self.process.check()?;
            if self
                .psql("postgres")
                .args(["-c", "SELECT 1"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?
                .success()
            {
                return Ok(());
            }
            interrupt::pause(Duration::from_millis(100))?;
        }
        self.query("postgres", "SELECT 1").map(drop)
    }
}

/// The superuser's password, made once: other users of the machine reach the loopback interface too.
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

fn initialise(programs: &Path, directory: &Path, account: Option<&Account>) -> Result<()> {
    // Made beside its place and moved there, so that one that was interrupted is not taken for a whole one.
    let unfinished = directory.join("cluster.unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    let locale = if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" };
    let mut command = Command::new(programs.join("initdb"));
    command
        .arg("-D")
        .arg(&unfinished)
        .args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync"])
        .args(["--locale", locale, "--lc-messages", "C"])
        .arg("--pwfile")
        .arg(directory.join("password"))
        .current_dir(directory);
    Account::applied_to(account, &mut command);
    output_of(&mut command).context("the PostgreSQL cluster cannot be made")?;
    fs::rename(&unfinished, directory.join("cluster"))?;
    Ok(())
}

/// A cluster is of one major version; the machine's may have moved on since it was made.
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

/// Stops a server that was left on this cluster, and removes the mark of one that is gone but whose process id
/// somebody else has now.
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
            // PostgreSQL recognises the mark of a process that is gone by itself.
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
