//! Packages of npm that a command uses, installed below `.dev/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::install::{self, Need};
use crate::terminal::noisy_step;
use rubis_devkit::workspace::private;
use rubis_devkit::{Launch, output_of};

pub struct NodePackages {
    /// Names as npm knows them, each with its whole version.
    pub packages: &'static [(&'static str, &'static str)],
    pub folder: &'static str,
    pub oldest_node: u32,
}

impl NodePackages {
    /// The folder whose `node_modules` has the packages, installed with Node.js if need be and `may_install`.
    pub fn installed(&self, may_install: bool) -> Result<PathBuf> {
        let directory = private(self.folder)?;
        let are_there = self
            .packages
            .iter()
            .all(|(name, version)| installed_version(&directory, name).as_deref() == Some(*version));
        if major_version_of_node().is_none() || !(are_there || has_npm()) {
            install::install(&[Need::Node], may_install)?;
        }
        if major_version_of_node().is_none_or(|major| major < self.oldest_node) {
            bail!("{} needs Node.js {} or later, with npm: install it", self.names(), self.oldest_node);
        }
        if !are_there {
            self.install(&directory)?;
        }
        Ok(directory)
    }

    fn install(&self, directory: &Path) -> Result<()> {
        fs::create_dir_all(directory)?;
        noisy_step(&format!("installing {} with npm", self.names()), || {
            let status = Launch::new("npm", "npm")
                .arguments(["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts"])
                .arguments(["--loglevel", "error", "--prefix"])
                .arguments([directory])
                .arguments(self.packages.iter().map(|(name, version)| format!("{name}@{version}")))
                .with_its_children()
                .run()?;
            if !status.success() {
                bail!("npm cannot install {}", self.names());
            }
            Ok(())
        })
    }

    fn names(&self) -> String {
        let names: Vec<String> =
            self.packages.iter().map(|(name, version)| format!("{name} {version}")).collect();
        names.join(" and ")
    }
}

fn major_version_of_node() -> Option<u32> {
    let version = output_of(Command::new("node").arg("--version")).ok()?;
    version.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

fn has_npm() -> bool {
    output_of(Command::new("npm").arg("--version")).is_ok()
}

fn installed_version(directory: &Path, name: &str) -> Option<String> {
    let manifest = directory.join("node_modules").join(name).join("package.json");
    let manifest: Value = serde_json::from_str(&fs::read_to_string(manifest).ok()?).ok()?;
    manifest.get("version").and_then(Value::as_str).map(str::to_owned)
}
