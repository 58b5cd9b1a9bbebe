//! The PostgreSQL and Redis of this machine, installed first if that is possible.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::install::{self, Need};
use rubis_devkit::output_of;

/// Native enums, `UNNEST` and the rest of what the migrations use; also what `docker-compose.yml` starts.
const OLDEST_POSTGRES: u32 = 15;
const OLDEST_REDIS: u32 = 7;

/// Directories of versioned installations; `*` stands for one directory's name or a part of it.
const POSTGRES_DIRECTORIES: [&str; 8] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/libexec/postgresql*",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/opt/homebrew/bin",
    "/usr/local/pgsql/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// Directories of package managers that a short `PATH` may lack.
const COMMON_DIRECTORIES: [&str; 6] =
    ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/opt/homebrew/bin"];

pub struct Programs {
    pub postgres: PathBuf,
    pub postgres_version: u32,
    pub redis: PathBuf,
}

impl Programs {
    /// Finds the programs; what is missing is installed if `may_install` and this user can.
    pub fn find(may_install: bool) -> Result<Self> {
        let missing: Vec<Need> =
            [(Need::Postgres, find_postgres().is_none()), (Need::Redis, find_redis().is_none())]
                .into_iter()
                .filter_map(|(need, is_missing)| is_missing.then_some(need))
                .collect();
        if !missing.is_empty() {
            install::install(&missing, may_install)?;
        }
        let (postgres, postgres_version) = found(Need::Postgres, find_postgres())?;
        Ok(Self { postgres, postgres_version, redis: found(Need::Redis, find_redis())? })
    }

    /// Finds PostgreSQL alone, for commands that need nothing else.
    pub fn find_postgres(may_install: bool) -> Result<PathBuf> {
        if find_postgres().is_none() {
            install::install(&[Need::Postgres], may_install)?;
        }
        Ok(found(Need::Postgres, find_postgres())?.0)
    }
}

fn found<T>(need: Need, found: Option<T>) -> Result<T> {
    found.with_context(|| install::advice(&[need]))
}

/// The newest complete installation that is new enough.
fn find_postgres() -> Option<(PathBuf, u32)> {
    let mut directories: Vec<PathBuf> =
        POSTGRES_DIRECTORIES.iter().flat_map(|pattern| expand(pattern)).collect();
    directories.extend(on_path("postgres").iter().filter_map(|program| bin_directory(program)));
    directories.extend(
        on_path("pg_config")
            .iter()
            .filter_map(|program| output_of(Command::new(program).arg("--bindir")).ok())
            .map(|directory| PathBuf::from(directory.trim())),
    );
    directories
        .into_iter()
        .filter(|directory| {
            ["postgres", "initdb", "psql"].iter().all(|program| directory.join(program).is_file())
        })
        .filter_map(|directory| {
            let version = major_version(&directory.join("postgres"), &["(PostgreSQL) "])?;
            (version >= OLDEST_POSTGRES).then_some((directory, version))
        })
        .max_by_key(|(_, version)| *version)
}

fn find_redis() -> Option<PathBuf> {
    ["valkey-server", "redis-server"]
        .iter()
        .flat_map(|name| on_path(name))
        .find(|program| major_version(program, &["v=", " v"]).is_some_and(|version| version >= OLDEST_REDIS))
}

/// Each `name` that `PATH` or the common directories have.
fn on_path(name: &str) -> Vec<PathBuf> {
    let path: OsString = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(COMMON_DIRECTORIES.iter().map(PathBuf::from))
        .map(|directory| directory.join(name))
        .filter(|program| program.is_file())
        .collect()
}

/// The directory of a program once links are followed: Debian links `postgres` alone into `PATH`.
fn bin_directory(program: &Path) -> Option<PathBuf> {
    Some(fs::canonicalize(program).ok()?.parent()?.to_owned())
}

/// The number that follows the first of `marks` in what `--version` prints.
fn major_version(program: &Path, marks: &[&str]) -> Option<u32> {
    let text = output_of(Command::new(program).arg("--version")).ok()?;
    marks.iter().find_map(|mark| number_after(&text, mark))
}

fn number_after(text: &str, mark: &str) -> Option<u32> {
    let (_, rest) = text.split_once(mark)?;
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

/// The directories that a pattern with one `*` stands for.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| match after.trim_start_matches('/') {
            "" => entry.path(),
            below => entry.path().join(below),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_each_program_prints_them() {
        assert_eq!(
            number_after("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "(PostgreSQL) "),
            Some(15)
        );
        assert_eq!(number_after("postgres (PostgreSQL) 18beta1", "(PostgreSQL) "), Some(18));
        assert_eq!(number_after("Redis server v=7.0.15 sha=00000000:0", "v="), Some(7));
        assert_eq!(number_after("Valkey server v=8.1.1 sha=00000000:0", "v="), Some(8));
        assert_eq!(number_after("something else", "v="), None);
    }
}
