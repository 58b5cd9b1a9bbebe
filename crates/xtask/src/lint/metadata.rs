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

    /// Names of the packages that it depends on, in its code or in its tests: ours, short, and libraries.
    pub fn dependencies(&self, in_tests: bool) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let wanted = self.dependencies.iter().filter(|one| (one.kind.as_deref() == Some("dev")) == in_tests);
        let (mut own, mut libraries) = (BTreeSet::new(), BTreeSet::new());
        for name in wanted.map(|dependency| dependency.name.as_str()) {
            match name.strip_prefix(PREFIX) {
                Some(short) => own.insert(short),
                None => libraries.insert(name),
            };
        }
        (own, libraries)
    }
}
