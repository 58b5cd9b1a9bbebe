//! The checks that other programs do.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::processes::Launch;
use crate::workspace::root;

/// `cargo fmt --check`.
pub fn format() -> Result<()> {
    cargo(&["fmt", "--all", "--check"], "run `cargo fmt`")
}

/// Clippy over every target, with warnings denied.
pub fn clippy() -> Result<()> {
    cargo(
        &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
        "clippy has something to say above",
    )
}

/// `cargo deny check`, with the settings of `.cargo/deny.toml`.
pub fn deny() -> Result<()> {
    cargo(&["deny", "check", "--config", ".cargo/deny.toml"], "see above, and .cargo/deny.toml")
}

/// Whether cargo-deny is installed; it is optional, since compiling it takes longer than everything here.
pub fn has_deny() -> bool {
    Command::new("cargo")
        .args(["deny", "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn cargo(arguments: &[&str], advice: &str) -> Result<()> {
    let status = Launch::new("cargo", "cargo")
        .arguments(arguments)
        .directory(root())
        .with_its_children()
        .start()?
        .wait()?;
    if !status.success() {
        bail!("{advice}");
    }
    Ok(())
}
