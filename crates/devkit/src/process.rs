//! Programs that a command starts, and what became of them.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::supervisor::{self, StopSignal};
use crate::{Account, interrupt};

/// Interval at which a program is polled.
const POLL: Duration = Duration::from_millis(20);

/// Part of a log that is shown if its program fails.
const TAIL_LINES: usize = 30;
const TAIL_BYTES: u64 = 16 * 1024;

/// A program to start, and how it is stopped.
#[derive(Clone, Debug)]
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
    /// A program that messages call by `name`.
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

    pub fn arguments<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets environment variables, beside those of this process.
    pub fn environment<I, K, V>(mut self, variables: I) -> Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<OsString>,
        V: Into<OsString>,
    {
        self.environment.extend(variables.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    pub fn without<I: IntoIterator<Item = S>, S: Into<OsString>>(mut self, variables: I) -> Self {
        self.removed.extend(variables.into_iter().map(Into::into));
        self
    }

    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    pub fn account(mut self, account: Option<Account>) -> Self {
        self.account = account;
        self
    }

    /// Appends its output to a file, in place of the terminal.
    pub fn log(mut self, path: impl Into<PathBuf>) -> Self {
        self.log = Some(path.into());
        self
    }

    /// Signal that stops it, and the time until it is killed.
    pub fn stop_with(mut self, signal: StopSignal, grace: Duration) -> Self {
        self.signal = signal;
        self.grace = grace;
        self
    }

    /// Stops its children as well: cargo and npm leave theirs alone.
    pub fn with_its_children(mut self) -> Self {
        self.whole_group = true;
        self
    }

    /// Starts it, behind a supervisor if enabled: then a missing program shows as one that ended at once.
    pub fn start(&self) -> Result<Process> {
        let supervised = supervisor::is_enabled();
        let mut command = if supervised { self.supervised()? } else { Command::new(&self.program) };
        command.args(&self.arguments);
        for variable in &self.removed {
            command.env_remove(variable);
        }
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        if supervised {
            command.process_group(0).stdin(Stdio::piped());
        } else {
            Account::applied_to(self.account.as_ref(), &mut command);
            command.stdin(Stdio::null());
        }
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        if let Some(log) = &self.log {
            if let Some(parent) = log.parent() {
                fs::create_dir_all(parent)?;
            }
            let file = File::options().create(true).append(true).open(log);
            let file = file.with_context(|| format!("{} cannot be written", log.display()))?;
            command.stdout(file.try_clone()?).stderr(file);
        }
        let child = command.spawn().with_context(|| format!("{} cannot be started", self.name))?;
        Ok(Process { name: self.name.clone(), log: self.log.clone(), child, supervised })
    }

    pub fn run(&self) -> Result<ExitStatus> {
        self.start()?.wait()
    }

    fn supervised(&self) -> Result<Command> {
        let mut command = Command::new(own_program()?);
        command.arg0("xtask").args(["supervise", "--signal", self.signal.name(), "--grace"]);
        command.arg(self.grace.as_secs().to_string());
        if self.whole_group {
            command.arg("--group");
        }
        if let Some(account) = &self.account {
            command.args(["--uid", &account.uid.to_string(), "--gid", &account.gid.to_string()]);
        }
        command.arg("--").arg(&self.program);
        Ok(command)
    }
}

/// A running program. Dropping it stops it if it is supervised, kills it otherwise, and waits for its end.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: Option<PathBuf>,
    child: Child,
    supervised: bool,
}

impl Process {
    /// Id of the process: the supervisor's, if there is one.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) -> Result<()> {
        let id = Pid::from_raw(i32::try_from(self.id())?);
        kill(id, signal).with_context(|| format!("{signal} cannot be sent to {}{}", self.name, self.tail()))
    }

    /// Kills it with `SIGKILL`; fails if it has ended before.
    pub fn kill(mut self) -> Result<()> {
        self.check()?;
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Stops it with `SIGTERM` and returns the time that took; fails if it is killed or exits with a failure.
    pub fn terminate(mut self, limit: Duration) -> Result<Duration> {
        let asked = Instant::now();
        self.check()?;
        self.signal(Signal::SIGTERM)?;
        let status = self.wait_within(limit)?;
        ensure!(status.success(), "{} ended with {status} after SIGTERM{}", self.name, self.tail());
        Ok(asked.elapsed())
    }

    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.wait_within(Duration::MAX)
    }

    /// Waits for its end, no longer than `limit`.
    pub fn wait_within(&mut self, limit: Duration) -> Result<ExitStatus> {
        let status = interrupt::poll(limit, POLL, || Ok(self.child.try_wait()?))?;
        status.with_context(|| format!("{} still runs after {limit:?}{}", self.name, self.tail()))
    }

    /// Waits until `ready` returns true. Fails if the program ends first or takes longer than `limit`.
    pub fn wait_until(&mut self, limit: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
        let attempt = || if ready() { Ok(Some(())) } else { self.check().map(|()| None) };
        interrupt::poll(limit, POLL, attempt)?
            .with_context(|| format!("{} is not ready after {limit:?}{}", self.name, self.tail()))
    }

    /// Fails with the end of the log if it has ended.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("{} ended ({status}){}", self.name, self.tail()),
            None => Ok(()),
        }
    }

    pub fn tail(&self) -> String {
        self.log.as_deref().map(tail).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.supervised {
            // The closed pipe is the supervisor's signal.
            drop(self.child.stdin.take());
        } else {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// The last lines of a log, below its path.
fn tail(log: &Path) -> String {
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

/// Runs a short command and returns its standard output; a failure has its error output.
pub fn output_of(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("{name} cannot be started"))?;
    if !output.status.success() {
        bail!("{name} failed ({})\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The exit code of a program as that of the command that ran it.
pub fn exit_code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// This program; on Linux even after a build has replaced its file.
fn own_program() -> Result<PathBuf> {
    let link = Path::new("/proc/self/exe");
    if link.exists() { Ok(link.to_owned()) } else { Ok(std::env::current_exe()?) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    /// A log in a directory for temporary files, removed with this value.
    struct Log(PathBuf);

    impl Log {
        fn of(test: &str) -> Self {
            Self(std::env::temp_dir().join(format!("rubis-devkit-{test}-{}", std::process::id())))
        }

        fn shell(&self, script: &str) -> Launch {
            Launch::new("shell", "sh").arguments(["-c", script]).log(&self.0)
        }

        fn text(&self) -> String {
            fs::read_to_string(&self.0).unwrap_or_default()
        }
    }

    impl Drop for Log {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_program_that_ends_before_it_is_ready_is_reported_with_the_end_of_its_log() {
        let log = Log::of("early");
        let error =
            log.shell("echo no disk; exit 3").start().unwrap().wait_until(LIMIT, || false).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("shell ended") && error.contains("no disk"), "{error}");
        assert!(log.shell("exit 0").run().unwrap().success());
    }

    #[test]
    fn a_program_that_fails_when_it_is_stopped_is_an_error() {
        let log = Log::of("stopped");
        let stopped = |code: u8| {
            let script = format!("sleep 60 & trap 'kill $!; exit {code}' TERM; echo ready {code}; wait");
            let mut process = log.shell(&script).start().unwrap();
            process.wait_until(LIMIT, || log.text().contains(&format!("ready {code}"))).unwrap();
            process.terminate(LIMIT)
        };
        assert!(stopped(0).is_ok());
        assert!(stopped(1).unwrap_err().to_string().contains("after SIGTERM"));
        assert_eq!(log.text(), "ready 0\nready 1\n", "the second start kept the log of the first");
    }
}
