//! The migrations of the top-level folder, compiled in.

use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::address::establish;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Any number, the same in every release: only one process migrates a database at a time.
const MIGRATION_LOCK: i64 = 7_283_545_201;

/// The database could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// It could not be reached.
    #[error("the database cannot be reached: {0}")]
    Connect(#[from] diesel::ConnectionError),
    /// A statement failed.
    #[error("the database refused: {0}")]
    Database(#[from] diesel::result::Error),
    /// A migration failed.
    #[error("a migration failed: {0}")]
    Migration(Box<dyn std::error::Error + Send + Sync>),
}

/// Brings the database up to date, and tells which migrations that took. Needs a multi-threaded
/// runtime. Several processes may call it at once: the later ones wait.
///
/// # Errors
/// [`MigrationError`]; migrations that ran before the one that failed stay.
pub async fn run_migrations(url: &str) -> Result<Vec<String>, MigrationError> {
    let mut conn = establish(url).await?;
    conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).await?;
    let mut harness = AsyncMigrationHarness::new(conn);
    let applied = harness.run_pending_migrations(MIGRATIONS).map_err(MigrationError::Migration)?;
    // The lock goes with the connection.
    Ok(applied.iter().map(ToString::to_string).collect())
}

/// Whether the database lacks a migration that this release needs.
///
/// # Errors
/// The database refused, or has no migrations at all.
pub async fn has_pending_migrations(conn: &mut AsyncPgConnection) -> Result<bool, diesel::result::Error> {
    #[derive(diesel::QueryableByName)]
    struct Applied {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let applied: Applied = diesel::sql_query("SELECT count(*) AS count FROM __diesel_schema_migrations")
        .get_result(conn)
        .await?;
    let known = diesel::migration::MigrationSource::<diesel::pg::Pg>::migrations(&MIGRATIONS)
        .map_err(|error| diesel::result::Error::QueryBuilderError(error.to_string().into()))?;
    Ok(usize::try_from(applied.count).unwrap_or(0) < known.len())
}
