//! The migrations of the top-level folder, compiled in.

use std::{error::Error as StdError, time::Duration};

use diesel::{migration::Migration, pg::Pg, result::Error};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{
    address::establish,
    failure::{Interruption, by_message},
};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Arbitrary number, the same in every release: only one process migrates a database at a time.
const MIGRATION_LOCK: i64 = 7_283_545_201;

/// Finds indexes left behind by an interrupted `CREATE INDEX CONCURRENTLY`, but not those that are being built, nor
/// those of `REINDEX CONCURRENTLY`.
const INTERRUPTED_INDEXES: &str = "SELECT quote_ident(c.relname) AS name
       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace
        AND c.relname !~ '_cc(new|old)[0-9]*$'
        AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)";

/// Reasons why the database could not be migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database could not be reached.
    #[error("the database cannot be reached: {0}")]
    Connect(#[from] diesel::ConnectionError),
    /// A statement failed.
    #[error("the database returned an error: {0}")]
    Database(#[from] Error),
    /// A migration failed.
    #[error("a migration failed: {0}")]
    Migration(Box<dyn StdError + Send + Sync>),
    /// Other transactions held a lock in every attempt.
    #[error(
        "the migration {name} got no lock in {attempts} attempts: end the long transactions that \
         pg_stat_activity shows, then migrate again"
    )]
    Locked {
        name: String,
        /// Number of attempts.
        attempts: u32,
    },
}

/// Bounds for the waits of a migration for locks.
///
/// While a statement waits for a strong lock of a table, every later statement on that table waits behind it. So it
/// gives up quickly and is tried again after a pause in which the others run.
#[derive(Clone, Copy, Debug)]
pub struct LockBounds {
    /// Maximum wait of one statement.
    pub timeout: Duration,
    /// Number of attempts for each migration.
    pub attempts: u32,
}

impl LockBounds {
    /// Thirty attempts of two seconds. With the pauses between them a migration gives up after four minutes.
    pub const DEFAULT: Self = Self { timeout: Duration::from_secs(2), attempts: 30 };

    /// Returns the pause after an attempt that got no lock: one second longer each time, at most seven.
    #[must_use]
    pub fn pause_after(attempt: u32) -> Duration {
        Duration::from_secs(u64::from(attempt.min(7)))
    }
}

/// Runs the pending migrations and returns them. Needs a multi-threaded runtime. Several processes may call it at
/// once: the later ones wait.
///
/// # Errors
/// [`MigrationError`]; migrations that ran before the failed one stay.
pub async fn run_migrations(url: &str) -> Result<Vec<String>, MigrationError> {
    let pause = async |attempt| tokio::time::sleep(LockBounds::pause_after(attempt)).await;
    run_migrations_within(url, LockBounds::DEFAULT, pause).await
}

/// Like [`run_migrations`], with other bounds. `pause` is called with the number of each attempt that got no lock.
///
/// # Errors
/// [`MigrationError`]; migrations that ran before the failed one stay.
pub async fn run_migrations_within(
    url: &str,
    bounds: LockBounds,
    pause: impl AsyncFn(u32),
) -> Result<Vec<String>, MigrationError> {
    let mut conn = establish(url).await?;
    conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).await?;
    let mut harness = AsyncMigrationHarness::new(conn);
    let pending = harness.pending_migrations(MIGRATIONS).map_err(MigrationError::Migration)?;
    let mut conn = harness.into_inner();
    let mut applied = Vec::new();
    for migration in &pending {
        conn = run_one(conn, migration.as_ref(), bounds, &pause).await?;
        applied.push(migration.name().version().to_string());
    }
    // The advisory lock is released with the connection.
    Ok(applied)
}

/// Runs one migration. The statements of a migration without a transaction wait for locks as long as necessary:
/// `CREATE INDEX CONCURRENTLY` waits for older transactions without blocking anything.
async fn run_one(
    mut conn: AsyncPgConnection,
    migration: &dyn Migration<Pg>,
    bounds: LockBounds,
    pause: &impl AsyncFn(u32),
) -> Result<AsyncPgConnection, MigrationError> {
    let in_transaction = migration.metadata().run_in_transaction();
    if !in_transaction {
        drop_interrupted_indexes(&mut conn).await?;
    }
    let timeout = if in_transaction { bounds.timeout.as_millis() } else { 0 };
    conn.batch_execute(&format!("SET lock_timeout = {timeout}")).await?;
    let mut attempt = 1;
    loop {
        let mut harness = AsyncMigrationHarness::new(conn);
        let ran = harness.run_migration(migration).map(drop);
        conn = harness.into_inner();
        match ran {
            Ok(()) => return Ok(conn),
            Err(error) if !got_no_lock(error.as_ref()) => return Err(MigrationError::Migration(error)),
            Err(_) if attempt >= bounds.attempts => {
                return Err(MigrationError::Locked { name: migration.name().to_string(), attempts: attempt });
            }
            Err(_) => {
                tracing::warn!(migration = %migration.name(), attempt, "migration lock not granted");
                pause(attempt).await;
                attempt += 1;
            }
        }
    }
}

/// Reports whether a lock was not granted, or a deadlock was resolved against the migration. `diesel_migrations` keeps
/// its error type private, and its message ends with the server's.
fn got_no_lock(error: &(dyn StdError + Send + Sync + 'static)) -> bool {
    let text = error.to_string();
    let interruption = text.rsplit(" with: ").next().and_then(by_message);
    matches!(interruption, Some(Interruption::LockTimeout | Interruption::Conflict))
}

/// Drops the indexes of interrupted builds: they serve no query, slow each write down, and occupy their names.
async fn drop_interrupted_indexes(conn: &mut AsyncPgConnection) -> Result<(), Error> {
    #[derive(diesel::QueryableByName)]
    struct Index {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let indexes: Vec<Index> = diesel::sql_query(INTERRUPTED_INDEXES).load(conn).await?;
    for Index { name } in indexes {
        tracing::warn!(index = name, "interrupted index build dropped");
        conn.batch_execute(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).await?;
    }
    Ok(())
}

/// Reports whether the database lacks a migration that this release needs.
///
/// # Errors
/// The database fails, or has no migrations at all.
pub async fn has_pending_migrations(conn: &mut AsyncPgConnection) -> Result<bool, Error> {
    #[derive(diesel::QueryableByName)]
    struct Applied {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let applied: Applied = diesel::sql_query("SELECT count(*) AS count FROM __diesel_schema_migrations")
        .get_result(conn)
        .await?;
    let known = diesel::migration::MigrationSource::<Pg>::migrations(&MIGRATIONS)
        .map_err(|error| Error::QueryBuilderError(error.to_string().into()))?;
    Ok(usize::try_from(applied.count).unwrap_or(0) < known.len())
}
