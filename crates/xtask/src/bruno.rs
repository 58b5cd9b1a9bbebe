//! `cargo xtask bruno`: the collection of `bruno/`, run by Bruno's own command line.

mod report;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use crate::npm::NodePackages;
use crate::stack::{TemporaryStack, numeric};
use crate::terminal::{bold, red};
use rubis_devkit::workspace::root;
use rubis_devkit::{Launch, exit_code};

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
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let collection = root().join("bruno");
    if !collection.join("bruno.json").is_file() && !collection.join("opencollection.yml").is_file() {
        bail!("there is no collection in {}", collection.display());
    }
    let bru = BRUNO.installed(!arguments.no_install)?.join("node_modules/.bin/bru");
    let TemporaryStack { stack, directory } = TemporaryStack::start("bruno", !arguments.no_install, &[])?;
    // Bruno writes the variables that scripts set back into the collection's files: it gets a copy.
    let copy = directory.path().join("collection");
    copy_folder(&collection, &copy)?;
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
        .run()?;
    if !status.success() {
        eprintln!("\n{}", bold("What failed"));
        for failure in report::failures(&report)? {
            eprintln!("  {} {failure}", red("✗"));
        }
        eprintln!("The logs of the programs are in {}.", stack.logs.display());
    }
    Ok(exit_code(status))
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
