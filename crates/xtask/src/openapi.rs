//! `docs/openapi.json`, the document that the API's handlers make.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

use crate::schema::first_difference;
use crate::stack::{Report, build};
use rubis_devkit::output_of;
use rubis_devkit::workspace::root;

/// Writes the file.
pub fn write() -> Result<ExitCode> {
    let path = path();
    let text = document(Report::Progress)?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    println!("{} is written", path.display());
    Ok(ExitCode::SUCCESS)
}

/// Compares the file with what it should be.
pub fn check() -> Result<()> {
    let wanted = document(Report::ErrorsOnly)?;
    let found = fs::read_to_string(path()).unwrap_or_default();
    if wanted != found {
        bail!(
            "docs/openapi.json is not what the handlers say ({}): run `cargo xtask openapi`",
            first_difference(&found, &wanted)
        );
    }
    Ok(())
}

fn path() -> PathBuf {
    root().join("docs/openapi.json")
}

fn document(report: Report) -> Result<String> {
    let text = output_of(Command::new(build(report)?.join("rubis-api")).arg("openapi"))?;
    Ok(format!("{}\n", text.trim_end()))
}
