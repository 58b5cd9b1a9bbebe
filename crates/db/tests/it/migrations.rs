//! Tests of migrations of a database that is in use.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection as _;
use rubis_db::{AsyncPgConnection, LockBounds, MigrationError, establish, run_migrations_within};
use rubis_testkit::TestDatabase;
use tokio::sync::Mutex;

/// Migration that adds a column to `users`, which needs the strongest lock.
const WARNINGS: &str = "20261130000920";

const SHORT: LockBounds = LockBounds { timeout: Duration::from_millis(20), attempts: 3 };

/// Creates a database from before that migration, and a transaction that has read `users` and does not end.
async fn read_by_a_long_transaction() -> (TestDatabase, AsyncPgConnection) {
    let database = TestDatabase::create().await;
    database.execute_as_owner("ALTER TABLE users DROP COLUMN sign_in_warned_at").await;
    forget(&database, WARNINGS).await;
    let mut reader = establish(&database.url).await.unwrap();
    reader.batch_execute("BEGIN; SELECT count(*) FROM users").await.unwrap();
    (database, reader)
}

async fn forget(database: &TestDatabase, version: &str) {
    let sql = format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}'");
    database.execute_as_owner(&sql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_lets_others_work_while_a_long_transaction_holds_its_table() {
    let (database, reader) = read_by_a_long_transaction().await;
    let reader = Mutex::new(reader);
    let attempts = Mutex::new(Vec::new());
    let applied = run_migrations_within(&database.owner_url, SHORT, async |attempt| {
        attempts.lock().await.push(attempt);
        // It would wait behind the migration if that still waited.
        let options = "options=-c%20lock_timeout%3D10s";
        let separator = if database.url.contains('?') { '&' } else { '?' };
        let mut other = establish(&format!("{}{separator}{options}", database.url)).await.unwrap();
        other.batch_execute("SELECT email FROM users").await.unwrap();
        if attempt == 2 {
            reader.lock().await.batch_execute("COMMIT").await.unwrap();
        }
    });
    assert_eq!(applied.await.unwrap(), [WARNINGS]);
    assert_eq!(*attempts.lock().await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_gets_no_lock_gives_up_and_can_be_run_later() {
    let (database, mut reader) = read_by_a_long_transaction().await;
    let error = run_migrations_within(&database.owner_url, SHORT, async |_| ()).await.unwrap_err();
    assert!(matches!(error, MigrationError::Locked { attempts: 3, .. }), "{error}");
    assert!(error.to_string().contains("sign_in_warnings"), "{error}");

    reader.batch_execute("COMMIT").await.unwrap();
    let applied = run_migrations_within(&database.owner_url, SHORT, async |_| ()).await.unwrap();
    assert_eq!(applied, [WARNINGS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_whose_build_was_interrupted_is_built_anew() {
    let database = TestDatabase::create().await;
    database.execute_as_owner("DROP INDEX checkin_clicks_by_date").await;
    forget(&database, "20261130001110").await;
    let mut owner = establish(&database.owner_url).await.unwrap();
    let twice = "INSERT INTO organizations (id, name, created_at, updated_at)
         SELECT gen_random_uuid(), 'Menuiserie', now(), now() FROM generate_series(1, 2)";
    owner.batch_execute(twice).await.unwrap();
    // Fails at the second row and leaves an invalid index of that name.
    let interrupted = "CREATE UNIQUE INDEX CONCURRENTLY checkin_clicks_by_date ON organizations (name)";
    owner.batch_execute(interrupted).await.unwrap_err();

    let applied = run_migrations_within(&database.owner_url, SHORT, async |_| ()).await.unwrap();
    assert_eq!(applied, ["20261130001110"]);
    let is_valid = "DO $$ BEGIN
         ASSERT (SELECT indisvalid AND indrelid = 'checkin_clicks'::regclass
                   FROM pg_index WHERE indexrelid = 'checkin_clicks_by_date'::regclass);
     END $$";
    owner.batch_execute(is_valid).await.unwrap();
}
