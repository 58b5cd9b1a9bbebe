//! `xtask supervise`: a small process between a command and each program that it starts.
//!
//! It holds the reading end of a pipe whose other end only the command holds. When that end closes, because the command
//! is done or was killed, the supervisor stops the program: `cargo xtask dev` leaves no server behind, even after
//! `kill -9`. It is in a process group of its own, so that Ctrl-C reaches the command alone, which then stops its
//! programs in their order.

use std::io::{Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::interrupt;

/// Interval at which the program and the pipe are polled.
const POLL: Duration = Duration::from_millis(20);

static ENABLED: AtomicBool = AtomicBool::new(false);

/// Starts all further programs behind a supervisor. The calling program needs a `supervise` subcommand that calls [`run`].
pub fn enable() {
    ENABLED.store(true, Ordering::Relaxed);
}

pub(crate) fn is_enabled() -> bool {
    ENABLED.load(Ordering::Relaxed)
}

#[derive(Debug, Args)]
pub struct Arguments {
    /// Signal that stops the program
    #[arg(long)]
    signal: StopSignal,
    /// Seconds before it is killed
    #[arg(long)]
    grace: u64,
    /// Send the signal to the program's children too
    #[arg(long)]
    group: bool,
    /// Run it as this user
    #[arg(long, requires = "gid")]
    uid: Option<u32>,
    /// Run it in this group
    #[arg(long)]
    gid: Option<u32>,
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    program: Vec<std::ffi::OsString>,
}

/// The signal that asks a program to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lowercase")]
pub enum StopSignal {
    /// `SIGINT`: for PostgreSQL, end the sessions and shut down ("fast").
    Int,
    Term,
}

impl StopSignal {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Term => "term",
        }
    }

    const fn signal(self) -> Signal {
        match self {
            Self::Int => Signal::SIGINT,
            Self::Term => Signal::SIGTERM,
        }
    }
}

/// Runs the program to its end, or until the standard input closes.
pub fn run(arguments: &Arguments) -> ExitCode {
    let Some((program, rest)) = arguments.program.split_first() else {
        return ExitCode::from(127);
    };
    let mut command = Command::new(program);
    command.args(rest).stdin(Stdio::null()).process_group(0);
    if let (Some(uid), Some(gid)) = (arguments.uid, arguments.gid) {
        command.uid(uid).gid(gid);
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "{} cannot be started: {error}", program.display()));
            return ExitCode::from(127);
        }
    };
    let Ok(id) = i32::try_from(child.id()).map(Pid::from_raw) else {
        return ExitCode::from(127);
    };

    let closed = Arc::new(AtomicBool::new(false));
    watch_the_pipe(Arc::clone(&closed));
    let mut deadline = None;
    let mut interrupted = false;
    loop {
        if let Some(status) = child.try_wait().transpose() {
            return as_exit_code(status.ok());
        }
        match deadline {
            None if interrupted || closed.load(Ordering::Relaxed) => {
                let signal = arguments.signal.signal();
                let _ = if arguments.group { killpg(id, signal) } else { kill(id, signal) };
                deadline = Some(Instant::now() + Duration::from_secs(arguments.grace));
            }
            Some(deadline) if Instant::now() >= deadline => {
                let _ = killpg(id, Signal::SIGKILL);
                return ExitCode::from(137);
            }
            _ => {}
        }
        interrupted = interrupt::pause(Duration::ZERO).is_err();
        std::thread::sleep(POLL);
    }
}

fn watch_the_pipe(closed: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let mut buffer = [0_u8; 64];
        let mut pipe = std::io::stdin();
        while pipe.read(&mut buffer).is_ok_and(|length| length > 0) {}
        closed.store(true, Ordering::Relaxed);
    });
}

/// The program's code, or 128 and its signal as a shell has it.
fn as_exit_code(status: Option<ExitStatus>) -> ExitCode {
    let code = status.map_or(1, |status| {
        status.code().unwrap_or_else(|| status.signal().map_or(1, |signal| signal.saturating_add(128)))
    });
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
