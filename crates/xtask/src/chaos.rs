//! `cargo xtask chaos`: the fault trials of `crates/chaos`, over the servers of this machine.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;
use nix::unistd::geteuid;

use crate::processes::output_of;
use crate::stage::{Profile, Stage};

/// Where distributions put the library that gives a process another clock.
const FAKETIME: [&str; 5] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
    "/usr/lib/libfaketime/libfaketimeMT.so.1",
];

/// What is tried, and what tries it.
const PROGRAMS: [&str; 3] = ["rubis-api", "rubis-worker", "rubis-chaos"];

#[derive(Args)]
pub struct Arguments {
    /// Only scenarios whose name contains this; may be given several times
    #[arg(long)]
    only: Vec<String>,
    /// Reminders that are due together in a scenario
    #[arg(long)]
    reminders: Option<u32>,
    /// A fifth of the reminders
    #[arg(long)]
    quick: bool,
    /// Names the scenarios, and runs none
    #[arg(long)]
    list: bool,
    /// Try the programs as they are released, which takes minutes to build and sends several times as fast
    #[arg(long)]
    release: bool,
    /// Do not install PostgreSQL, Redis or libfaketime if they are missing
    #[arg(long)]
    no_install: bool,
}

/// Builds the programs and plays the trials; the logs stay in `.dev/chaos`.
///
/// # Errors
/// When a program is missing or does not build; a bar that falls short is the exit code.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let may_install = !arguments.no_install;
    let profile = if arguments.release { Profile::Release } else { Profile::Debug };
    let faketime = find_faketime(may_install);
    let stage = Stage::set_up("chaos", "chaos", &PROGRAMS, profile, may_install)?;

    let mut options: Vec<OsString> = Vec::new();
    let mut option = |name: &str, value: &dyn AsRef<OsStr>| {
        options.extend([name.into(), value.as_ref().to_owned()]);
    };
    if let Some(library) = &faketime {
        option("--faketime", library);
    }
    for word in &arguments.only {
        option("--only", word);
    }
    if let Some(reminders) = arguments.reminders {
        option("--reminders", &reminders.to_string());
    }
    let flags = [(arguments.quick, "--quick"), (arguments.list, "--list")];
    options.extend(flags.iter().filter(|(is_given, _)| *is_given).map(|(_, flag)| OsString::from(flag)));
    stage.run("rubis-chaos", &["run"], options)
}

/// The library, installed first where that needs no question; without it one scenario is skipped.
fn find_faketime(may_install: bool) -> Option<PathBuf> {
    let find = || FAKETIME.iter().map(PathBuf::from).find(|library| library.is_file());
    find().or_else(|| {
        if may_install && geteuid().is_root() && Path::new("/usr/bin/apt-get").is_file() {
            // Whatever goes wrong shows as the library that is still missing.
            let _ = output_of(
                Command::new("apt-get")
                    .args(["install", "-qq", "--yes", "--no-install-recommends", "faketime"])
                    .env("DEBIAN_FRONTEND", "noninteractive"),
            );
        }
        find()
    })
}
