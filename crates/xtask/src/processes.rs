//! Programs started behind a guard (see `guard`), and what became of them.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::guard::StopSignal;
use crate::interrupt;
use crate::servers::Account;

/// How often a program that is waited for is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// How much of a log is shown when its program fails.
const TAIL_LINES: usize = 30;
const TAIL_BYTES: u64 = 16 * 1024;

/// A program to start, and how it is stopped.
pub struct Launch {
    name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    removed: Vec<OsString>,
    directory: Option<PathBuf>,
    account: Option<Account>,
    log: Option<PathBuf>,
    signal: StopSignal,
    whole_group: bool,
    grace: Duration,
}

impl Launch {
    /// `name` is what the messages call it.
    pub fn new(name: &str, program: impl Into<PathBuf>) -> Self {
        Self {
            name: name.to_owned(),
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            removed: Vec::new(),
            directory: None,
            account: None,
            log: None,
            signal: StopSignal::Term,
            whole_group: false,
            grace: Duration::from_secs(15),
        }
    }

    /// Adds arguments.
    pub fn arguments<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Adds environment variables to those of this process.
    pub fn environment<I, K, V>(mut self, variables: I) -> Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<OsString>,
        V: Into<OsString>,
    {
        self.environment.extend(variables.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// Takes environment variables of this process away.
    pub fn without<I: IntoIterator<Item = S>, S: Into<OsString>>(mut self, variables: I) -> Self {
        self.removed.extend(variables.into_iter().map(Into::into));
        self
    }

    /// Starts it in `directory` rather than in the current one.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Starts it as somebody else.
    pub fn account(mut self, account: Option<Account>) -> Self {
        self.account = account;
        self
    }

    /// Sends what it writes to a file, which is emptied first, rather than to the terminal.
    pub fn log(mut self, path: impl Into<PathBuf>) -> Self {
        self.log = Some(path.into());
        self
    }

    /// Stops it with this signal, for which it has `grace`.
    pub fn stop_with(mut self, signal: StopSignal, grace: Duration) -> Self {
        self.signal = signal;
        self.grace = grace;
        self
    }

    /// Stops the children that it starts as well: for cargo and npm, which leave theirs alone.
    pub fn with_its_children(mut self) -> Self {
        self.whole_group = true;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When the log cannot be written or the guard cannot be started. A program that is not there shows as one
    /// that ended at once.
    pub fn start(self) -> Result<Guarded> {
        let mut command = Command::new(own_program()?);
        command.arg0("xtask").args(["guard", "--signal", self.signal.name(), "--grace"]);
        command.arg(self.grace.as_secs().to_string());
        if self.whole_group {
            command.arg("--group");
        }
        if let Some(account) = &self.account {
            command.args(["--uid", &account.uid.to_string(), "--gid", &account.gid.to_string()]);
        }
        command.arg("--").arg(&self.program).args(&self.arguments);
        for variable in &self.removed {
            command.env_remove(variable);
        }
        command.envs(self.environment).process_group(0).stdin(Stdio::piped());
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        if let Some(log) = &self.log {
            if let Some(parent) = log.parent() {
                fs::create_dir_all(parent)?;
            }
            let file = File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
            command.stdout(file.try_clone()?).stderr(file);
        }
        let guard = command.spawn().with_context(|| format!("{} cannot be started", self.name))?;
        Ok(Guarded { name: self.name, log: self.log, guard })
    }
}

/// A running program. Dropping it stops it and waits for its end.
pub struct Guarded {
    name: String,
    log: Option<PathBuf>,
    guard: Child,
}

impl Guarded {
    /// Its status, if it has ended.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.guard.try_wait()?)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When this process is asked to stop.
    pub fn wait(mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            interrupt::pause(GLANCE)?;
        }
    }

    /// Waits until `ready` says so.
    ///
    /// # Errors
    /// When the program ends first or takes longer than `limit`, with the end of its log; when this process is
    /// asked to stop.
    pub fn wait_until(&mut self, limit: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
        let started = std::time::Instant::now();
        while !ready() {
            self.check()?;
            if started.elapsed() > limit {
                bail!("{} is not ready after {} s{}", self.name, limit.as_secs(), self.tail());
            }
            interrupt::pause(GLANCE)?;
        }
        Ok(())
    }

    /// Looks whether it still runs.
    ///
    /// # Errors
    /// When it does not, with the end of its log.
    pub fn check(&mut self) -> Result<()> {
        match self.ended()? {
            Some(status) => bail!("{} ended ({status}){}", self.name, self.tail()),
            None => Ok(()),
        }
    }

    /// The end of its log, ready to be put behind a message.
    pub fn tail(&self) -> String {
        self.log.as_deref().map(tail).unwrap_or_default()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // The closed pipe is what tells the guard.
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// The last lines of a log, under its path.
pub fn tail(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default();
    if last.is_empty() {
        return format!("; its log {} is empty", log.display());
    }
    format!("; the end of {}:\n{}", log.display(), last.join("\n"))
}

/// Runs a short command for its standard output.
///
/// # Errors
/// When it cannot be started or fails, with what it wrote on its error output.
pub fn output_of(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("{name} cannot be started"))?;
    if !output.status.success() {
        bail!("{name} failed ({})\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// This very program; on Linux even when a build has replaced its file meanwhile.
fn own_program() -> Result<PathBuf> {
    let link = Path::new("/proc/self/exe");
    if link.exists() { Ok(link.to_owned()) } else { Ok(std::env::current_exe()?) }
}
