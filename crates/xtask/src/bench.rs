//! `cargo xtask bench`: the benchmarks of `crates/bench`, over the servers of this machine, recorded in
//! `docs/benchmarks.md`.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::npm::NodePackages;
use crate::processes::output_of;
use crate::stage::{Profile, Stage};
use crate::workspace::root;

/// What is measured, and what measures it.
const PROGRAMS: [&str; 3] = ["rubis-api", "rubis-worker", "rubis-bench"];

/// What the queue is measured beside, and the client of Redis that it asks for.
const BULLMQ: NodePackages = NodePackages {
    packages: &[("bullmq", "6.7.0"), ("ioredis", "5.11.1")],
    folder: "bench",
    oldest_node: 18,
};

/// Where the figures are kept, from the root of the checkout.
const RECORD: &str = "docs/benchmarks.md";

/// Sizes that only show that a benchmark works.
const QUICK: &str = "--quick";

#[derive(Args)]
pub struct Arguments {
    /// What is measured
    #[arg(value_enum)]
    what: Subject,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// The job queue, beside BullMQ on the same Redis
    Queue,
    /// Reminders by SMTP, beside pgbench with the same statements
    Send,
    /// The HTTP API, beside pgbench with the same statements
    Api,
    /// The feeder and the claim among up to ten million planned jobs
    Feed,
    /// Stripe's events at the API, 200 a second
    Webhooks,
    /// All of them in turn
    All,
}

impl Subject {
    /// The commands of `rubis-bench` that it stands for.
    const fn commands(self) -> &'static [&'static str] {
        match self {
            Self::Queue => &["queue"],
            Self::Send => &["send"],
            Self::Api => &["api"],
            Self::Feed => &["feed"],
            Self::Webhooks => &["webhooks"],
            Self::All => &["queue", "send", "api", "feed", "webhooks"],
        }
    }
}

/// Builds the programs as they are released and measures; the logs stay in `.dev/bench/logs`.
///
/// # Errors
/// When a program is missing or does not build; a bar that falls short is the exit code.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let may_install = !arguments.no_install;
    let commands = arguments.what.commands();
    let packages = if commands.contains(&"queue") { Some(BULLMQ.installed(may_install)?) } else { None };
    let stage = Stage::set_up("bench", "bench/logs", &PROGRAMS, Profile::Release, may_install)?;

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
        let further =
            options.iter().cloned().chain([command.into()]).chain(arguments.options.iter().cloned());
        let code = stage.run("rubis-bench", &[], further.collect())?;
        if code != ExitCode::SUCCESS {
            worst = code;
        }
    }
    Ok(worst)
}

fn is_quick(options: &[OsString]) -> bool {
    options.iter().any(|option| option == QUICK)
}

/// The commit that is checked out, and whether the files are others; none outside of git.
fn revision(root: &Path) -> Option<String> {
    let git = |arguments: &[&str]| output_of(Command::new("git").args(arguments).current_dir(root)).ok();
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    // What the run before this one wrote changes nothing that is measured.
    let changes = git(&["status", "--porcelain", "--", ".", &format!(":(exclude){RECORD}")])?;
    let remark = if changes.trim().is_empty() { "" } else { " with changes" };
    Some(format!("{}{remark}", commit.trim()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parse(line: &str) -> Arguments {
        CommandLine::try_parse_from(line.split(' ')).unwrap().arguments
    }

    #[test]
    fn what_the_command_does_not_know_goes_to_the_benchmark() {
        let arguments = parse("bench feed --no-record --rounds 1 --quick");
        assert!(arguments.no_record);
        assert_eq!(arguments.what, Subject::Feed);
        assert_eq!(arguments.options, ["--rounds", "1", "--quick"]);
    }

    #[test]
    fn a_quick_round_is_not_recorded() {
        assert!(is_quick(&parse("bench all --quick").options));
        assert!(!is_quick(&parse("bench all --rounds 5").options));
    }
}
