//! `docs/openapi.json`, the document that the API's handlers make.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::cargo::{self, Output};
use crate::generated::Generated;
use rubis_devkit::output_of;

const DOCUMENT: Generated = Generated { path: "docs/openapi.json", command: "cargo xtask openapi" };

pub fn write() -> Result<ExitCode> {
    DOCUMENT.write(&document(Output::Progress)?)
}

pub fn check() -> Result<()> {
    DOCUMENT.check(&document(Output::ErrorsOnly)?)
}

fn document(output: Output) -> Result<String> {
    let programs = cargo::build(&["--bins"], output)?;
    let text = output_of(Command::new(programs.join("rubis-api")).arg("openapi"))?;
    Ok(format!("{}\n", text.trim_end()))
}
