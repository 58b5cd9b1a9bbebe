//! Source files of the workspace.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rubis_devkit::workspace::root;

/// A Rust or SQL file.
pub struct Source {
    /// Folder of its crate below `crates/`.
    pub krate: String,
    pub path: PathBuf,
    pub text: String,
}

pub fn all() -> Result<Vec<Source>> {
    let (root, mut sources) = (root(), Vec::new());
    for krate in entries(&root.join("crates"))? {
        let name = krate.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for folder in ["src", "tests"].map(|folder| krate.join(folder)) {
            for file in if folder.is_dir() { files(&folder)? } else { Vec::new() } {
                let text = fs::read_to_string(&file)?;
                let path = file.strip_prefix(&root).unwrap_or(&file).to_owned();
                sources.push(Source { krate: name.clone(), path, text });
            }
        }
    }
    Ok(sources)
}

/// The code of all crates but the exempt ones, without tests.
pub fn code(exempt: &[&str]) -> Result<Vec<Source>> {
    let mut sources = all()?;
    let is_tests = |part: &Path| part.file_stem().is_some_and(|stem| stem == "tests");
    sources.retain(|source| {
        !exempt.contains(&source.krate.as_str()) && !source.path.iter().any(|part| is_tests(Path::new(part)))
    });
    for source in &mut sources {
        source.text.truncate(without_tests(&source.text).len());
    }
    Ok(sources)
}

/// Fails with the problems, and where their rule is.
pub fn accept(problems: &[String], rule: &str) -> Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    bail!("{}\nthe rule is in {rule}", problems.join("\n"));
}

/// The part before the tests, which are last in a file.
pub fn without_tests(text: &str) -> &str {
    text.split_once("#[cfg(test)]").map_or(text, |(code, _)| code)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "sql") {
            found.push(path);
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    Ok(paths)
}
