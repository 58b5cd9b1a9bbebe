//! `crates/db/src/schema.rs`, generated from the database that the migrations make.

mod migrations;
mod render;

use std::io::Write as _;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::generated::Generated;
use crate::servers::Programs;
use crate::terminal::step;
use rubis_devkit::ports;
use rubis_devkit::workspace::{RunDirectory, root};
use rubis_devkit::{Cluster, DISPOSABLE, Postgres, UTF_8};

use migrations::Migrations;
use render::Catalog;

const CATALOG_QUERY: &str = include_str!("schema/catalog.sql");
const DATABASE: &str = "scratch";

const SCHEMA: Generated = Generated { path: "crates/db/src/schema.rs", command: "cargo xtask schema" };

#[derive(Args)]
pub struct Arguments {
    /// Do not install PostgreSQL if it is missing
    #[arg(long)]
    no_install: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let text =
        step("applying the migrations and reading the catalog", || generate(!arguments.no_install, false))?;
    SCHEMA.write(&text)
}

/// Compares the file with what it should be, having taken every migration up, down and up again.
pub fn check(may_install: bool) -> Result<()> {
    SCHEMA.check(&generate(may_install, true)?)
}

fn generate(may_install: bool, down_as_well: bool) -> Result<String> {
    let programs = Programs::find_postgres(may_install)?;
    let directory = RunDirectory::create("schema")?;
    let cluster = Cluster {
        programs: &programs,
        directory: &directory.path().join("postgres"),
        log: &directory.path().join("postgres.log"),
        settings: DISPOSABLE,
        locale: UTF_8,
        temporary: true,
    };
    let postgres = Postgres::start(&cluster, ports::any()?)?;
    postgres.create_database(DATABASE)?;
    let migrations = Migrations::read(&root().join("migrations"))?;
    if down_as_well {
        migrations.up_down_and_up(&postgres, DATABASE)?;
    } else {
        migrations.up(&postgres, DATABASE)?;
    }
    let catalog = catalog(&postgres)?;
    let catalog: Catalog =
        serde_json::from_str(&catalog).context("the catalog query's answer is not understood")?;
    formatted(&catalog.render()?)
}

/// The catalog after the migrations so far, as JSON.
fn catalog(postgres: &Postgres) -> Result<String> {
    postgres.query(DATABASE, CATALOG_QUERY)
}

/// The text as `cargo fmt` leaves it.
fn formatted(text: &str) -> Result<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(root().join(".rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("rustfmt cannot be started: `rustup component add rustfmt`")?;
    if let Some(mut input) = rustfmt.stdin.take() {
        input.write_all(text.as_bytes())?;
    }
    let output = rustfmt.wait_with_output()?;
    if !output.status.success() {
        bail!("rustfmt refuses the generated schema.rs");
    }
    Ok(String::from_utf8(output.stdout)?)
}
