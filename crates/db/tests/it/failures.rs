//! Timeouts of the database, as the programs see them.

use diesel::result::Error;
use diesel_async::SimpleAsyncConnection as _;
use rubis_db::{AsyncPgConnection, Interruption, interruption};
use rubis_testkit::TestDatabase;

/// Opens a connection with these limits, passed in the address as the settings do.
async fn connection(database: &TestDatabase, limits: &str) -> AsyncPgConnection {
    let separator = if database.url.contains('?') { '&' } else { '?' };
    let limits = limits.replace(' ', "%20").replace('=', "%3D");
    rubis_db::establish(&format!("{}{separator}options={limits}", database.url)).await.unwrap()
}

async fn failure(conn: &mut AsyncPgConnection, sql: &str) -> Error {
    conn.batch_execute(sql).await.expect_err(sql)
}

#[tokio::test]
async fn a_statement_that_runs_or_waits_too_long_is_ended_and_says_so() {
    let database = TestDatabase::create().await;
    let mut blocker = connection(&database, "").await;
    blocker.batch_execute("BEGIN; LOCK TABLE jobs").await.unwrap();

    let mut hasty = connection(&database, "-c lock_timeout=20ms").await;
    let error = failure(&mut hasty, "UPDATE jobs SET attempts = 0").await;
    assert_eq!(interruption(&error), Some(Interruption::LockTimeout), "{error}");

    let mut busy = connection(&database, "-c statement_timeout=20ms").await;
    let error = failure(&mut busy, "SELECT pg_sleep(60)").await;
    assert_eq!(interruption(&error), Some(Interruption::StatementTimeout), "{error}");
    busy.batch_execute("SELECT 1").await.unwrap();

    let own = failure(&mut busy, "SELECT 1/0").await;
    assert_eq!(interruption(&own), None, "{own}");
}

#[tokio::test]
async fn a_transaction_that_does_nothing_for_too_long_lets_go_of_its_locks() {
    let database = TestDatabase::create().await;
    let mut idle = connection(&database, "-c idle_in_transaction_session_timeout=20ms").await;
    idle.batch_execute("BEGIN; LOCK TABLE jobs").await.unwrap();

    // Waits until the other connection has been ended.
    let mut next = connection(&database, "-c lock_timeout=20s").await;
    next.batch_execute("BEGIN; LOCK TABLE jobs; COMMIT").await.unwrap();
    let error = failure(&mut idle, "SELECT 1").await;
    assert_eq!(interruption(&error), Some(Interruption::Disconnected), "{error}");
}
