//! Tests of the programs' role.

use diesel_async::SimpleAsyncConnection as _;
use rubis_db::{GrantError, grant_program_role};
use rubis_testkit::TestDatabase;

const ORGANIZATION: &str = "INSERT INTO organizations (id, name, created_at, updated_at)
     VALUES (gen_random_uuid(), 'Menuiserie', now(), now())";

/// Runs statements as the role of the programs.
async fn answer(database: &TestDatabase, sql: &str) -> Result<(), String> {
    let mut conn = database.pool.get().await.unwrap();
    conn.batch_execute(sql).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn programs_read_and_write_rows_and_change_nothing_of_the_schema() {
    let database = TestDatabase::create().await;
    for allowed in [
        ORGANIZATION,
        "SELECT * FROM organizations FOR UPDATE",
        "UPDATE organizations SET name = 'Ébénisterie'",
        "DELETE FROM organizations",
        "SELECT * FROM __diesel_schema_migrations",
    ] {
        answer(&database, allowed).await.unwrap();
    }
    for refused in [
        "CREATE TABLE extra (id int)",
        "CREATE SCHEMA extra",
        "ALTER TABLE organizations ADD COLUMN extra int",
        "DROP TABLE jobs",
        "TRUNCATE jobs",
        "CREATE INDEX ON organizations (name)",
        "CREATE FUNCTION extra() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TRIGGER extra BEFORE DELETE ON jobs FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "DROP EXTENSION pg_trgm",
        "DELETE FROM __diesel_schema_migrations",
        "CREATE ROLE extra",
        "COPY organizations TO PROGRAM 'cat'",
    ] {
        let reason = answer(&database, refused).await.unwrap_err();
        let is_refused = reason.contains("permission denied")
            || reason.contains("must be owner")
            || reason.contains("must be superuser");
        assert!(is_refused, "{refused}: {reason}");
    }
}

#[tokio::test]
async fn a_table_of_a_later_migration_is_the_programs_as_well() {
    let database = TestDatabase::create().await;
    database
        .execute_as_owner(
            "CREATE TABLE later (id bigint GENERATED ALWAYS AS IDENTITY, number serial, name text)",
        )
        .await;
    answer(&database, "INSERT INTO later (name) VALUES ('x'); DELETE FROM later").await.unwrap();
    assert!(answer(&database, "DROP TABLE later").await.is_err());
}

#[tokio::test]
async fn privileges_are_granted_as_often_as_wanted_and_to_no_role_that_could_change_the_schema() {
    let database = TestDatabase::create().await;
    for _ in 0..2 {
        grant_program_role(&database.owner_url, TestDatabase::program_role()).await.unwrap();
    }
    let unknown = grant_program_role(&database.owner_url, "nobody\"; DROP TABLE jobs; --").await;
    assert!(matches!(unknown, Err(GrantError::NoSuchRole(_))), "{unknown:?}");
    let owner = grant_program_role(&database.owner_url, "rubis_test_owner").await;
    assert!(matches!(owner, Err(GrantError::OwnsTheSchema(_))), "{owner:?}");
    answer(&database, ORGANIZATION).await.unwrap();
}
