//! `cargo xtask chaos`: the fault trials of `crates/chaos`, over the servers of this machine.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use nix::unistd::geteuid;

use crate::cargo;
use crate::guard::StopSignal;
use crate::processes::{Launch, output_of};
use crate::servers::{Account, Programs, data_directory};
use crate::stack::{Binaries, Report};
use crate::terminal::noisy_step;
use crate::workspace::{RunDirectory, private, root};

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
    let programs = Programs::find(!arguments.no_install)?;
    let faketime = find_faketime(!arguments.no_install);
    let built = noisy_step("building", || build(arguments.release))?;
    let directory = RunDirectory::create("chaos")?;
    // Whoever builds meanwhile must not change what is tried half-way.
    for program in PROGRAMS {
        fs::copy(built.join(program), directory.path().join(program))?;
    }
    let account = Account::for_servers()?;
    let data = data_directory(&directory.path().join("postgres"), account.as_ref())?;
    let logs = private("chaos")?;
    if logs.exists() {
        fs::remove_dir_all(&logs)?;
    }
    fs::create_dir_all(&logs)?;

    let mut options: Vec<OsString> = vec!["run".into()];
    let mut option = |name: &str, value: &dyn AsRef<std::ffi::OsStr>| {
        options.extend([name.into(), value.as_ref().to_owned()]);
    };
    option("--postgres", &programs.postgres);
    option("--redis", &programs.redis);
    option("--api", &directory.path().join("rubis-api"));
    option("--worker", &directory.path().join("rubis-worker"));
    option("--logs", &logs);
    option("--data", &data);
    if let Some(library) = &faketime {
        option("--faketime", library);
    }
    if let Some(account) = &account {
        option("--uid", &account.uid.to_string());
        option("--gid", &account.gid.to_string());
    }
    for word in &arguments.only {
        option("--only", word);
    }
    if let Some(reminders) = arguments.reminders {
        option("--reminders", &reminders.to_string());
    }
    let flags = [(arguments.quick, "--quick"), (arguments.list, "--list")];
    options.extend(flags.iter().filter(|(is_given, _)| *is_given).map(|(_, flag)| OsString::from(flag)));

    let status = Launch::new("rubis-chaos", directory.path().join("rubis-chaos"))
        .arguments(options)
        .directory(root())
        .stop_with(StopSignal::Term, Duration::from_secs(15))
        .with_its_children()
        .start()?
        .wait();
    // Where the cluster had to go elsewhere, nothing else removes it.
    let _ = fs::remove_dir_all(&data);
    let status = status?;
    if !status.success() {
        println!("The logs of each scenario are in {}.", logs.display());
    }
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Builds all programs, and says which folder they are in.
fn build(release: bool) -> Result<PathBuf> {
    if !release {
        Binaries::build(Report::Progress)?;
        return cargo::target_folder();
    }
    if !cargo::launch(["build", "--workspace", "--bins", "--release"]).start()?.wait()?.success() {
        bail!("the build fails");
    }
    Ok(cargo::target_folder()?.with_file_name("release"))
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
