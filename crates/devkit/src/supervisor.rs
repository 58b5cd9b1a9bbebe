//! `xtask supervise`: a small process between a command and each program that it starts.
//!
//! It holds the reading end of a pipe whose other end only the command holds. When that end closes, because the command
//! is done or was killed, the supervisor stops the program: `cargo xtask dev` leaves no server behind, even after
//! `kill -9`. It is in a process group of its own, so that Ctrl-C reaches the command alone, which then stops its
//! programs in their order.

use std::io::{Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use clap::{Args, ValueEnum};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::interrupt;

static ENABLED: AtomicBool = AtomicBool::new(false);

/// Starts all further programs behind a supervisor. The calling program needs a `supervise` subcommand that calls [`run`].
pub fn enable() {
    ENABLED.store(true, Ordering::Relaxed);
}

pub(crate) fn is_enabled() -> bool {
    ENABLED.load(Ordering::Relaxed)
}

/// Command line of `xtask supervise`.
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
    /// `SIGTERM`.
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

enum Event {
    Exited(Option<ExitStatus>),
    Stop,
}

/// Runs the program to its end, or until the standard input closes.
#[must_use]
pub fn run(arguments: &Arguments) -> ExitCode {
    let Some((program, rest)) = arguments.program.split_first() else {
        return ExitCode::from(127);
    };
    let mut command = Command::new(program);
    command.args(rest).stdin(Stdio::null()).process_group(0);
    if let (Some(uid), Some(gid)) = (arguments.uid, arguments.gid) {
        command.uid(uid).gid(gid);
    }
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "{} cannot be started: {error}", program.display()));
            return ExitCode::from(127);
        }
    };
    let Ok(id) = i32::try_from(child.id()).map(Pid::from_raw) else {
        return ExitCode::from(127);
    };

    let (events, received) = mpsc::channel();
    watch_the_program(child, events.clone());
    watch_the_pipe(events.clone());
    watch_for_signals(events);

    let mut stopping = false;
    loop {
        let event = if stopping {
            received.recv_timeout(Duration::from_secs(arguments.grace)).ok()
        } else {
            received.recv().ok()
        };
        match event {
            Some(Event::Exited(status)) => return as_exit_code(status),
            Some(Event::Stop) if !stopping => {
                stopping = true;
                let signal = arguments.signal.signal();
                let _ = if arguments.group { killpg(id, signal) } else { kill(id, signal) };
            }
            Some(Event::Stop) => {}
            None => {
                let _ = killpg(id, Signal::SIGKILL);
                return ExitCode::from(137);
            }
        }
    }
}

fn watch_the_program(mut child: Child, events: Sender<Event>) {
    std::thread::spawn(move || events.send(Event::Exited(child.wait().ok())));
}

fn watch_the_pipe(events: Sender<Event>) {
    std::thread::spawn(move || {
        let mut buffer = [0_u8; 64];
        let mut pipe = std::io::stdin();
        while pipe.read(&mut buffer).is_ok_and(|length| length > 0) {}
        events.send(Event::Stop)
    });
}

fn watch_for_signals(events: Sender<Event>) {
    std::thread::spawn(move || {
        while interrupt::pause(Duration::from_secs(3600)).is_ok() {}
        events.send(Event::Stop)
    });
}

/// The program's code, or 128 and its signal as a shell has it.
fn as_exit_code(status: Option<ExitStatus>) -> ExitCode {
    let code = status.map_or(1, |status| {
        status.code().unwrap_or_else(|| status.signal().map_or(1, |signal| signal.saturating_add(128)))
    });
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
