//! Every crate takes its versions, edition and lints from the workspace, and has code.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::metadata::packages;
use super::sources::accept;

const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

pub fn check() -> Result<()> {
    let mut problems = Vec::new();
    for package in packages()? {
        let name = package.short_name();
        let manifest = fs::read_to_string(&package.manifest_path)
            .with_context(|| format!("{} cannot be read", package.manifest_path.display()))?;
        problems.extend(manifest_problems(&manifest).iter().map(|problem| format!("{name}: {problem}")));
        if let Some(sources) = package.manifest_path.parent().map(|directory| directory.join("src"))
            && !has_code(&sources)
        {
            problems.push(format!("{name}: no code; a crate comes with the first thing that needs it"));
        }
    }
    accept(&problems, "crates/xtask/src/lint/manifests.rs")
}

/// The manifests are ours and in one style, so lines are enough; a TOML parser would be compiled for this alone.
fn manifest_problems(manifest: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for key in INHERITED {
        if !lines_of(manifest, |section| section == "package")
            .any(|line| line == format!("{key}.workspace = true"))
        {
            problems.push(format!("[package] lacks `{key}.workspace = true`"));
        }
    }
    if !lines_of(manifest, |section| section == "lints").any(|line| line == "workspace = true") {
        problems.push("[lints] lacks `workspace = true`".to_owned());
    }
    for line in lines_of(manifest, |section| section.ends_with("dependencies")) {
        let inherited = line.ends_with(".workspace = true") || line.contains("workspace = true");
        if !inherited {
            problems.push(format!("`{line}` must take its version from the workspace"));
        }
    }
    if manifest.lines().any(|line| {
        line.trim().starts_with("[dependencies.") || line.trim().starts_with("[dev-dependencies.")
    }) {
        problems.push("write a dependency on one line, not as a section".to_owned());
    }
    problems
}

/// The lines of the sections that `wanted` picks, without comments and blanks.
fn lines_of(manifest: &str, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = &str> {
    let mut inside = false;
    manifest.lines().map(str::trim).filter(move |line| {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = wanted(section);
            return false;
        }
        inside && !line.is_empty() && !line.starts_with('#')
    })
}

fn has_code(sources: &Path) -> bool {
    ["lib.rs", "main.rs"].iter().filter_map(|file| fs::read_to_string(sources.join(file)).ok()).any(|text| {
        text.lines()
            .map(str::trim)
            .any(|line| !line.is_empty() && !line.starts_with("//") && line != "fn main() {}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
[package]
name = \"rubis-example\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true

[lints]
workspace = true

[dependencies]
# Why.
serde.workspace = true
time = { workspace = true, features = [\"rand\"] }
";

    #[test]
    fn a_manifest_that_inherits_everything_passes() {
        assert_eq!(manifest_problems(GOOD), [""; 0]);
    }

    #[test]
    fn a_version_or_a_lint_of_its_own_is_refused() {
        assert_eq!(manifest_problems(&GOOD.replace("serde.workspace = true", "serde = \"1\"")).len(), 1);
        assert_eq!(
            manifest_problems(&GOOD.replace("edition.workspace = true", "edition = \"2021\"")).len(),
            1
        );
        assert_eq!(manifest_problems(&GOOD.replace("[lints]", "[other]")).len(), 1);
        assert_eq!(manifest_problems(&format!("{GOOD}[dev-dependencies.uuid]\nversion = \"1\"\n")).len(), 1);
    }
}
