//! The checks that other programs do.

use anyhow::{Result, bail};

use crate::cargo;

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

/// `cargo deny check`, with the settings of `.cargo/deny.toml`.
pub fn deny() -> Result<()> {
    run(&["deny", "check", "--config", ".cargo/deny.toml"], "see above, and .cargo/deny.toml")
}

fn run(arguments: &[&str], advice: &str) -> Result<()> {
    let status = cargo::launch(arguments.iter().copied()).start()?.wait()?;
    if !status.success() {
        bail!("{advice}");
    }
    Ok(())
}
