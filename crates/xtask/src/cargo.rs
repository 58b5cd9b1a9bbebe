//! Calling cargo from a command that cargo itself has started.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde::de::DeserializeOwned;

use rubis_devkit::workspace::root;
use rubis_devkit::{Launch, output_of};

/// A cargo command over the workspace, with its children.
pub fn launch<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Launch {
    Launch::new("cargo", "cargo")
        .arguments(arguments)
        .without(inherited_variables())
        .directory(root())
        .with_its_children()
}

/// Output of cargo while it builds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Output {
    Progress,
    ErrorsOnly,
}

/// Builds programs of the workspace, and returns the folder of those of debug builds.
///
/// It is always the whole workspace: naming packages would give libraries other features than the tests have, and
/// compile most of them once more.
pub fn build(selection: &[&str], output: Output) -> Result<PathBuf> {
    let quiet: &[&str] = if output == Output::ErrorsOnly { &["--quiet"] } else { &[] };
    ensure!(
        launch([&["build", "--workspace"], selection, quiet].concat()).run()?.success(),
        "the build fails"
    );
    target_folder()
}

pub fn has(subcommand: &str) -> bool {
    Command::new("cargo")
        .args([subcommand, "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

pub fn metadata<T: DeserializeOwned>() -> Result<T> {
    let text = output_of(
        Command::new("cargo")
            .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
            .current_dir(root()),
    )?;
    serde_json::from_str(&text).context("what cargo metadata says is not understood")
}

/// Variables of `cargo run` about the package of this program. Build scripts that look at such variables would
/// see others than under a cargo that a person typed, and run again, with everything above them.
fn inherited_variables() -> impl Iterator<Item = String> {
    let about_a_package = ["CARGO_PKG_", "CARGO_MANIFEST_"];
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(move |name| about_a_package.iter().any(|prefix| name.starts_with(prefix)))
}

/// The folder that debug builds are left in.
fn target_folder() -> Result<PathBuf> {
    #[derive(serde::Deserialize)]
    struct Target {
        target_directory: PathBuf,
    }
    Ok(metadata::<Target>()?.target_directory.join("debug"))
}
