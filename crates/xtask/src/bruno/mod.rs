//! `cargo xtask bruno`: the collection of `bruno/`, run by Bruno's own command line.

mod report;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use crate::npm::NodePackages;
use crate::processes::Launch;
use crate::servers::{Durability, Programs};
use crate::stack::{Binaries, Place, Ports, Report, Stack};
use crate::stripe::Stripe;
use crate::terminal::{bold, noisy_step, red};
use crate::workspace::{RunDirectory, private, root};

const BRUNO: NodePackages =
    NodePackages { packages: &[("@usebruno/cli", "4.1.0")], folder: "bruno", oldest_node: 20 };

#[derive(Args)]
pub struct Arguments {
    /// Do not install PostgreSQL, Redis or Node.js if they are missing
    #[arg(long)]
    no_install: bool,
    /// Folders or requests of the collection, rather than all of it
    paths: Vec<PathBuf>,
}

/// Starts a stack with an empty database, runs the collection against it, and stops it.
///
/// # Errors
/// When Node or Bruno cannot be had or the stack does not start; failing requests are the exit code.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let collection = root().join("bruno");
    if !collection.join("bruno.json").is_file() && !collection.join("opencollection.yml").is_file() {
        bail!("there is no collection in {}", collection.display());
    }
    let programs = Programs::find(!arguments.no_install)?;
    let bru = BRUNO.installed(!arguments.no_install)?.join("node_modules/.bin/bru");
    let binaries = noisy_step("building", || Binaries::build(Report::Progress))?;

    let directory = RunDirectory::create("bruno")?;
    // Bruno writes the variables that scripts set back into the collection's files: it gets a copy.
    let copy = directory.path().join("collection");
    copy_folder(&collection, &copy)?;
    let logs = private("logs/bruno")?;
    let place = Place {
        data: directory.path(),
        logs: &logs,
        durability: Durability::Disposable,
        stripe: Stripe::Fake,
    };
    let stack = Stack::start(&binaries, &programs, &place, &Ports::any()?)?;

    let addresses = &stack.addresses;
    let report = directory.path().join("report.json");
    let status = Launch::new("bru", bru)
        .arguments(["run", "-r", "--env", "local"])
        .arguments(["--env-var".to_owned(), format!("baseUrl={}", numeric(&addresses.api))])
        .arguments(["--env-var".to_owned(), format!("inboxUrl={}", numeric(&addresses.inbox))])
        .arguments(
            addresses
                .stripe
                .iter()
                .flat_map(|stripe| ["--env-var".to_owned(), format!("stripeUrl={}", numeric(stripe))]),
        )
        .arguments([OsStr::new("--reporter-json"), report.as_os_str()])
        .arguments(&arguments.paths)
        .directory(copy)
        .with_its_children()
        .start()?
        .wait()?;
    drop(stack);
    if !status.success() {
        eprintln!("\n{}", bold("What failed"));
        for failure in report::failures(&report)? {
            eprintln!("  {} {failure}", red("✗"));
        }
        eprintln!("The logs of the programs are in {}.", logs.display());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Ok(ExitCode::from(code))
}

/// Node looks `localhost` up as IPv6 first, where nothing listens.
fn numeric(address: &str) -> String {
    address.replacen("localhost", "127.0.0.1", 1)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
