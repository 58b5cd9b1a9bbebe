//! `cargo xtask lint`: the checks of CI, one line each.

mod dependency_rule;
mod manifests;
mod metadata;
mod metric_labels;
mod migrations;
mod prose;
mod sources;
mod table_owners;
mod tools;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::terminal::{failure, step};
use crate::{interrupt, openapi, schema};

#[derive(Args)]
pub struct Arguments {
    /// Only these checks, rather than all
    checks: Vec<Check>,
    /// Do not install PostgreSQL, cargo-deny and Squawk if they are missing
    #[arg(long)]
    no_install: bool,
}

/// One check; they run in this order, the quick ones first.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Check {
    /// The code is as `cargo fmt` leaves it
    Format,
    /// Each crate takes its versions, its edition and its lints from the workspace
    Manifests,
    /// The crates depend on each other, and on libraries, only as the architecture allows
    Dependencies,
    /// Each table is queried by the one crate that owns it
    Tables,
    /// Labels of metrics come from bounded sets
    Labels,
    /// Comments and names are in plain engineering English
    Prose,
    /// Licences, banned crates, duplicate versions and sources of the libraries
    Deny,
    /// Migrations block no running program
    Migrations,
    /// schema.rs is what the migrations make, and each migration can be undone
    Schema,
    /// No warning of clippy
    Clippy,
    /// docs/openapi.json is what the handlers say
    Openapi,
}

impl Check {
    fn run(self, may_install: bool) -> Result<()> {
        match self {
            Self::Format => tools::format(),
            Self::Manifests => manifests::check(),
            Self::Dependencies => dependency_rule::check(),
            Self::Tables => table_owners::check(),
            Self::Labels => metric_labels::check(),
            Self::Prose => prose::check(),
            Self::Deny => tools::deny(may_install),
            Self::Migrations => migrations::check(may_install),
            Self::Schema => schema::check(may_install),
            Self::Clippy => tools::clippy(),
            Self::Openapi => openapi::check(),
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut failed = Vec::new();
    for check in Check::value_variants() {
        let wanted = arguments.checks.is_empty() || arguments.checks.contains(check);
        let Some(value) = check.to_possible_value().filter(|_| wanted) else { continue };
        match step(value.get_name(), || check.run(!arguments.no_install)) {
            Ok(()) => {}
            Err(error) if interrupt::caused(&error) => return Err(error),
            Err(error) => {
                failure(&error);
                failed.push(value.get_name().to_owned());
            }
        }
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("lint failed: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}
