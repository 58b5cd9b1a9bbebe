//! A package of Python that a command uses, installed into a virtual environment below `.dev/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::install::{self, Need};
use crate::terminal::noisy_step;
use rubis_devkit::workspace::private;
use rubis_devkit::{Launch, output_of};

/// Fails where Python is too old, or its virtual environments are missing (a package of its own on Debian).
const USABLE: &str = "import sys, venv, ensurepip; assert sys.version_info >= (3, 10)";

pub struct PythonPackage {
    pub name: &'static str,
    pub version: &'static str,
    pub folder: &'static str,
}

impl PythonPackage {
    /// The folder with the package's programs, if it is installed in this version.
    pub fn found(&self) -> Result<Option<PathBuf>> {
        let environment = private(self.folder)?;
        Ok(self.is_in(&environment).then(|| environment.join("bin")))
    }

    /// The folder with the package's programs, installed with Python if need be and `may_install`.
    pub fn programs(&self, may_install: bool) -> Result<PathBuf> {
        let environment = private(self.folder)?;
        if !self.is_in(&environment) {
            if !is_usable() {
                install::install(&[Need::Python], may_install)?;
            }
            if !is_usable() {
                bail!("{} needs Python 3.10 or later, with venv: install it", self.name);
            }
            self.install(&environment)?;
        }
        Ok(environment.join("bin"))
    }

    fn install(&self, environment: &Path) -> Result<()> {
        noisy_step(&format!("installing {} {} with pip", self.name, self.version), || {
            // Another version, or one that was interrupted.
            if environment.exists() {
                fs::remove_dir_all(environment)?;
            }
            let venv = Launch::new("python3", "python3").arguments(["-m", "venv"]).arguments([environment]);
            let pip = Launch::new("pip", environment.join("bin/pip"))
                .arguments(["install", "--quiet", "--disable-pip-version-check"])
                .arguments([format!("{}=={}", self.name, self.version)]);
            for step in [venv, pip] {
                if !step.with_its_children().run()?.success() {
                    bail!("{} cannot be installed", self.name);
                }
            }
            Ok(())
        })
    }

    /// pip leaves a folder with the name and the version.
    fn is_in(&self, environment: &Path) -> bool {
        let folder = format!("site-packages/{}-{}.dist-info", self.name.replace('-', "_"), self.version);
        let libraries = fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
        libraries.into_iter().any(|library| library.path().join(&folder).is_dir())
    }
}

fn is_usable() -> bool {
    output_of(Command::new("python3").args(["-c", USABLE])).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_there_in_its_own_version_alone() {
        let environment = std::env::temp_dir().join(format!("rubis-python-{}", std::process::id()));
        let installed = environment.join("lib/python3.12/site-packages/schemathesis-4.32.5.dist-info");
        fs::create_dir_all(installed).unwrap();
        let package = |version| PythonPackage { name: "schemathesis", version, folder: "x" };
        assert!(package("4.32.5").is_in(&environment));
        assert!(!package("4.32.6").is_in(&environment));
        assert!(!package("4.32.5").is_in(&environment.join("elsewhere")));
        fs::remove_dir_all(environment).unwrap();
    }
}
