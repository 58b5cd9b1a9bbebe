//! Squawk over the migrations: locks that block the running programs, and changes that the previous release cannot
//! run on. Its rules are configured in `.squawk.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::python::PythonPackage;
use rubis_devkit::Launch;
use rubis_devkit::workspace::root;

const SQUAWK: PythonPackage = PythonPackage { name: "squawk-cli", version: "2.70.0", folder: "squawk" };

/// The last migration that is not checked. Released ones are not edited, and this one breaks a rule.
const BASELINE: &str = "2026-11-30-000800_account_tokens";

/// Expressions that no index may be made of, with the reason.
const UNSTABLE: [(&str, &str); 2] = [
    ("hashtext(", "its values may change with the next release of PostgreSQL, and the index with them"),
    (
        "hashtextextended(",
        "its values may change with the next release of PostgreSQL, and the index with them",
    ),
];

pub fn check(may_install: bool) -> Result<()> {
    let (in_transaction, alone) = scripts()?;
    let unstable: Vec<String> =
        in_transaction.iter().chain(&alone).flat_map(|file| unstable_in(file)).collect();
    if !unstable.is_empty() {
        bail!("{}", unstable.join("\n"));
    }
    let program = SQUAWK.programs(may_install)?.join("squawk");
    let mut passed = true;
    for (option, files) in
        [("--assume-in-transaction", in_transaction), ("--no-assume-in-transaction", alone)]
    {
        if files.is_empty() {
            continue;
        }
        passed &= Launch::new("squawk", program.clone())
            .arguments(["--config", ".squawk.toml", option])
            .arguments(files)
            .directory(root())
            .with_its_children()
            .run()?
            .success();
    }
    if !passed {
        bail!("see above, and docs/contributing.md#adding-a-migration");
    }
    Ok(())
}

/// The scripts to be checked: those that run in a transaction, and those that run without one.
fn scripts() -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root().join("migrations"))? {
        folders.push(entry?.path());
    }
    folders.retain(|folder| is_checked(folder));
    folders.sort();
    let (in_transaction, alone): (Vec<PathBuf>, Vec<PathBuf>) =
        folders.into_iter().partition(|folder| runs_in_transaction(folder));
    let script = |folder: PathBuf| folder.join("up.sql");
    Ok((in_transaction.into_iter().map(script).collect(), alone.into_iter().map(script).collect()))
}

fn is_checked(folder: &Path) -> bool {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    folder.is_dir() && name.as_str() > BASELINE
}

fn runs_in_transaction(folder: &Path) -> bool {
    let metadata = fs::read_to_string(folder.join("metadata.toml")).unwrap_or_default();
    !metadata.lines().any(|line| line.replace(' ', "") == "run_in_transaction=false")
}

fn unstable_in(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    problems_of(&text).into_iter().map(|problem| format!("{}: {problem}", file.display())).collect()
}

/// The unstable functions in the statements that create an index.
fn problems_of(script: &str) -> Vec<String> {
    let code: Vec<&str> = script.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    code.join("\n")
        .to_lowercase()
        .split(';')
        .filter(|statement| statement.contains("index"))
        .flat_map(|statement| UNSTABLE.iter().filter(|(name, _)| statement.contains(name)))
        .map(|(name, reason)| format!("no index on {name}): {reason}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_on_a_hash_that_may_change_is_refused() {
        let refused = problems_of("CREATE INDEX CONCURRENTLY i ON t\n  (HashText(name));");
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(problems_of("-- hashtext(name)\nCREATE INDEX CONCURRENTLY i ON t (name);").is_empty());
        assert!(problems_of("SELECT hashtext('x'); CREATE INDEX CONCURRENTLY i ON t (name);").is_empty());
    }

    #[test]
    fn released_migrations_are_not_checked_and_later_ones_are() {
        let (in_transaction, alone) = scripts().unwrap();
        let names =
            |files: &[PathBuf]| files.iter().map(|file| file.display().to_string()).collect::<String>();
        assert!(!names(&in_transaction).contains("000700"));
        assert!(names(&in_transaction).contains("001100_planning_requests"));
        assert!(names(&alone).contains("001110_checkin_clicks_by_date"));
    }
}
