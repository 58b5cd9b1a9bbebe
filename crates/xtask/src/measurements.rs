//! `cargo xtask chaos`, `bench` and `simulate`: programs of the workspace that start the servers they need themselves.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;
use nix::unistd::geteuid;
use rubis_devkit::workspace::{RunDirectory, private, root};
use rubis_devkit::{Account, Launch, data_directory, exit_code, output_of};

use crate::cargo::{self, Output};
use crate::npm::NodePackages;
use crate::servers::Programs;
use crate::terminal::noisy_step;

/// Paths of the library that gives a process another clock.
const FAKETIME: [&str; 5] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
    "/usr/lib/libfaketime/libfaketimeMT.so.1",
];

/// Reference of the queue, and its Redis client.
const BULLMQ: NodePackages = NodePackages {
    packages: &[("bullmq", "6.7.0"), ("ioredis", "5.11.1")],
    folder: "bench",
    oldest_node: 18,
};

/// Record of all figures, from the root of the checkout.
const RECORD: &str = "docs/benchmarks.md";

/// Small sizes, which are never recorded.
const QUICK: &str = "--quick";

#[derive(Args)]
pub struct Chaos {
    /// Run the programs as they are released, which takes minutes to build and sends several times as fast
    #[arg(long)]
    release: bool,
    /// Do not install PostgreSQL, Redis or libfaketime if they are missing
    #[arg(long)]
    no_install: bool,
    /// Options of the scenarios: `--only`, `--reminders`, `--quick`, `--list`; `-- --help` describes them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<OsString>,
}

#[derive(Args)]
pub struct Bench {
    /// The part to measure
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(SUBJECTS))]
    what: String,
    /// Print the figures without appending them to docs/benchmarks.md
    #[arg(long)]
    no_record: bool,
    /// Do not install PostgreSQL, Redis or Node.js if they are missing
    #[arg(long)]
    no_install: bool,
    /// Options of the benchmark itself, last: `--quick` for small sizes, which are never recorded; `-- --help`
    /// names them all
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<OsString>,
}

#[derive(Args)]
pub struct Simulate {
    /// Options of the simulation: `-- --help` names them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<OsString>,
}

/// Commands of `rubis-bench`; `all` is each of them in turn.
const SUBJECTS: [&str; 6] = ["queue", "send", "api", "feed", "webhooks", "all"];

/// Builds the programs and runs the fault scenarios; the logs stay in `.dev/chaos`. A missed bar is the exit code.
pub fn chaos(mut arguments: Chaos) -> Result<ExitCode> {
    // Flags of this command may also follow those of the scenarios.
    let mut follows = |flag: &str| {
        let count = arguments.options.len();
        arguments.options.retain(|option| option != flag);
        arguments.options.len() < count
    };
    let release = follows("--release") || arguments.release;
    let may_install = !(follows("--no-install") || arguments.no_install);
    let faketime = find_faketime(may_install);
    let fixture = Fixture::set_up("chaos", "chaos", "rubis-chaos", release, may_install)?;
    let faketime = faketime.into_iter().flat_map(|library| ["--faketime".into(), library.into()]);
    fixture.run(&["run"], &[], faketime.chain(arguments.options).collect())
}

/// Builds released programs and measures; the logs stay in `.dev/bench/logs`. A missed bar is the exit code.
pub fn bench(arguments: &Bench) -> Result<ExitCode> {
    let may_install = !arguments.no_install;
    let (all, subjects) = (arguments.what == "all", SUBJECTS.iter().filter(|subject| **subject != "all"));
    let commands: Vec<&&str> = subjects.filter(|subject| all || **subject == arguments.what).collect();
    let packages = if commands.contains(&&"queue") { Some(BULLMQ.installed(may_install)?) } else { None };
    let fixture = Fixture::set_up("bench", "bench/logs", "rubis-bench", true, may_install)?;
    let mut options: Vec<OsString> = Vec::new();
    if let Some(packages) = packages {
        options.extend(["--packages".into(), packages.into()]);
    }
    if !arguments.no_record && !is_quick(&arguments.options) {
        options.extend(["--record".into(), root().join(RECORD).into()]);
    }
    if let Some(revision) = revision(&root()) {
        options.extend(["--revision".into(), revision.into()]);
    }
    let mut worst = ExitCode::SUCCESS;
    for command in commands {
        let words = [OsString::from(command)].into_iter().chain(arguments.options.iter().cloned());
        let code = fixture.run(&[], &options, words.collect())?;
        if code != ExitCode::SUCCESS {
            worst = code;
        }
    }
    Ok(worst)
}

/// Builds the program as it is released and simulates a year of planned reminders; no server is started.
pub fn simulate(arguments: &Simulate) -> Result<ExitCode> {
    let built = build(&["rubis-bench"], true)?;
    let words = [OsString::from("simulate")].into_iter().chain(arguments.options.iter().cloned());
    run(&built.join("rubis-bench"), words)
}

/// The library, installed before if that needs no question; without it one scenario is skipped.
fn find_faketime(may_install: bool) -> Option<PathBuf> {
    let find = || FAKETIME.iter().map(PathBuf::from).find(|library| library.is_file());
    find().or_else(|| {
        if may_install && geteuid().is_root() && Path::new("/usr/bin/apt-get").is_file() {
            // A failure shows as the library that is still missing.
            let _ = output_of(
                Command::new("apt-get")
                    .args(["install", "-qq", "--yes", "--no-install-recommends", "faketime"])
                    .env("DEBIAN_FRONTEND", "noninteractive"),
            );
        }
        find()
    })
}

fn is_quick(options: &[OsString]) -> bool {
    options.iter().any(|option| option == QUICK)
}

/// The commit that is checked out, marked if files have changed; `None` outside of git.
fn revision(root: &Path) -> Option<String> {
    let git = |arguments: &[&str]| output_of(Command::new("git").args(arguments).current_dir(root)).ok();
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    // The record of the run before changes nothing that is measured.
    let changes = git(&["status", "--porcelain", "--", ".", &format!(":(exclude){RECORD}")])?;
    let remark = if changes.trim().is_empty() { "" } else { " with changes" };
    Some(format!("{}{remark}", commit.trim()))
}

/// Builds programs of the workspace and returns their folder.
fn build(programs: &[&str], release: bool) -> Result<PathBuf> {
    let mut selection: Vec<&str> = programs.iter().flat_map(|program| ["--bin", program]).collect();
    selection.extend(release.then_some("--release"));
    let debug = noisy_step("building", || cargo::build(&selection, Output::Progress))?;
    Ok(if release { debug.with_file_name("release") } else { debug })
}

/// Runs a program that stops what it started by itself.
fn run(program: &Path, arguments: impl IntoIterator<Item = OsString>) -> Result<ExitCode> {
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
    let launch = Launch::new(&name, program).arguments(arguments).directory(root()).with_its_children();
    Ok(exit_code(launch.run()?))
}

/// Programs and directories of a run. The directory is removed with it; the logs stay.
struct Fixture {
    servers: Programs,
    account: Option<Account>,
    program: &'static str,
    directory: RunDirectory,
    logs: PathBuf,
}

impl Fixture {
    /// Finds the servers, builds the programs, and empties the folder `logs` of `.dev/`.
    fn set_up(
        name: &str,
        logs: &str,
        program: &'static str,
        release: bool,
        may_install: bool,
    ) -> Result<Self> {
        let servers = Programs::find(may_install)?;
        let programs = ["rubis-api", "rubis-worker", program];
        let built = build(&programs, release)?;
        let directory = RunDirectory::create(name)?;
        // A build meanwhile must not change the programs of this run.
        for program in programs {
            fs::copy(built.join(program), directory.path().join(program))?;
        }
        let logs = private(logs)?;
        if logs.exists() {
            fs::remove_dir_all(&logs)?;
        }
        fs::create_dir_all(&logs)?;
        Ok(Self { servers, account: Account::for_servers()?, program, directory, logs })
    }

    /// Runs the program on a new cluster. Its arguments are `words`, the paths, `options` and `further` words.
    fn run(&self, words: &[&str], options: &[OsString], further: Vec<OsString>) -> Result<ExitCode> {
        let below = |name: &str| self.directory.path().join(name);
        let data = Data(data_directory(&below("postgres"), self.account.as_ref())?);
        let mut arguments: Vec<OsString> = words.iter().map(Into::into).collect();
        for (name, value) in [
            ("--postgres", self.servers.postgres.as_path()),
            ("--redis", &self.servers.redis),
            ("--api", &below("rubis-api")),
            ("--worker", &below("rubis-worker")),
            ("--logs", &self.logs),
            ("--data", &data.0),
        ] {
            arguments.extend([name.into(), value.into()]);
        }
        arguments.extend(options.iter().cloned().chain(further));
        let code = run(&below(self.program), arguments)?;
        if code != ExitCode::SUCCESS {
            println!("The logs are in {}.", self.logs.display());
        }
        Ok(code)
    }
}

/// A directory for a cluster, removed with it: it is elsewhere if the account cannot enter the checkout.
struct Data(PathBuf);

impl Drop for Data {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        arguments: Bench,
    }

    fn parse(line: &str) -> Bench {
        CommandLine::try_parse_from(line.split(' ')).unwrap().arguments
    }

    #[test]
    fn what_the_command_does_not_know_goes_to_the_benchmark() {
        let arguments = parse("bench feed --no-record --rounds 1 --quick");
        assert!(arguments.no_record);
        assert_eq!(arguments.what, "feed");
        assert_eq!(arguments.options, ["--rounds", "1", "--quick"]);
    }

    #[test]
    fn a_quick_round_is_not_recorded() {
        assert!(is_quick(&parse("bench all --quick").options));
        assert!(!is_quick(&parse("bench all --rounds 5").options));
    }
}
