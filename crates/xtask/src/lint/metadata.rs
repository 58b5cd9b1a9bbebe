//! The packages of the workspace, from `cargo metadata`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use serde::Deserialize;

use crate::cargo;

/// The prefix of our packages' names; `xtask` alone lacks it.
const PREFIX: &str = "rubis-";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// One of our packages.
#[derive(Deserialize)]
pub struct Package {
    name: String,
    pub manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// Part of a package that has a dependency.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Code,
    Tests,
}

/// Our packages, by name.
pub fn packages() -> Result<Vec<Package>> {
    let mut metadata: Metadata = cargo::metadata()?;
    metadata.packages.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(metadata.packages)
}

impl Package {
    /// Its name in the architecture's table: without `rubis-`.
    pub fn short_name(&self) -> &str {
        self.name.strip_prefix(PREFIX).unwrap_or(&self.name)
    }

    /// Our packages that it depends on, by their short names.
    pub fn own_dependencies(&self, part: Part) -> BTreeSet<&str> {
        self.dependencies(part).filter_map(|name| name.strip_prefix(PREFIX)).collect()
    }

    /// The libraries that it names as dependencies.
    pub fn libraries(&self, part: Part) -> BTreeSet<&str> {
        self.dependencies(part).filter(|name| !name.starts_with(PREFIX)).collect()
    }

    fn dependencies(&self, part: Part) -> impl Iterator<Item = &str> {
        self.dependencies
            .iter()
            .filter(move |dependency| (dependency.kind.as_deref() == Some("dev")) == (part == Part::Tests))
            .map(|dependency| dependency.name.as_str())
    }
}
