//! The migrations of `migrations/`, applied by psql so that this crate need not compile diesel.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use rubis_devkit::Postgres;

pub struct Migrations(Vec<Migration>);

struct Migration {
    name: String,
    directory: PathBuf,
    in_transaction: bool,
}

impl Migrations {
    pub fn read(folder: &Path) -> Result<Self> {
        let mut migrations = Vec::new();
        for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                continue;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            let directory = entry.path();
            for direction in ["up.sql", "down.sql"] {
                ensure!(directory.join(direction).is_file(), "migration {name} has no {direction}");
            }
            let metadata = fs::read_to_string(directory.join("metadata.toml")).unwrap_or_default();
            let in_transaction =
                !metadata.lines().any(|line| line.replace(' ', "") == "run_in_transaction=false");
            migrations.push(Migration { name, directory, in_transaction });
        }
        migrations.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(Self(migrations))
    }

    pub fn up(&self, postgres: &Postgres, database: &str) -> Result<()> {
        self.0.iter().try_for_each(|migration| migration.run(postgres, database, "up.sql"))
    }

    pub fn up_down_and_up(&self, postgres: &Postgres, database: &str) -> Result<()> {
        let mut before = Vec::new();
        for migration in &self.0 {
            before.push(super::catalog(postgres)?);
            migration.run(postgres, database, "up.sql")?;
        }
        for (migration, before) in self.0.iter().zip(&before).rev() {
            migration.run(postgres, database, "down.sql")?;
            if super::catalog(postgres)? != *before {
                bail!(
                    "migrations/{}/down.sql does not undo what up.sql did: tables, columns, keys or enums differ",
                    migration.name
                );
            }
        }
        self.up(postgres, database)
    }
}

impl Migration {
    fn run(&self, postgres: &Postgres, database: &str, direction: &str) -> Result<()> {
        postgres
            .run_file(database, &self.directory.join(direction), self.in_transaction)
            .with_context(|| format!("migrations/{}/{direction} fails", self.name))?;
        Ok(())
    }
}
