//! A PostgreSQL database for one test, copied from a migrated template.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests learn from the environment where their servers are")]

use std::{env, fmt::Write as _, fs, path::Path, thread};

use diesel::{QueryableByName, sql_query, sql_types::Bool};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use rubis_db::{AsyncPgConnection, Pool};
use uuid::Uuid;

/// Variable with the address of a PostgreSQL on which tests may create databases; set by `cargo xtask test`.
const URL_VARIABLE: &str = "TEST_DATABASE_URL";

/// Arbitrary number: one test builds the template, the others wait for it.
const TEMPLATE_LOCK: i64 = 7_283_545_202;

/// Maximum number of connections of a test's pool.
const POOL_SIZE: u32 = 8;

/// Role that owns the schema of every test database, as in a deployment: not a superuser.
const OWNER: Role = Role { name: "rubis_test_owner", password: "owner-of-test-databases" };

/// Role of tests and the programs in them. It owns nothing.
const PROGRAM: Role = Role { name: "rubis_test_program", password: "programs-of-tests" };

/// A role of the test server.
struct Role {
    name: &'static str,
    password: &'static str,
}

/// An empty, migrated database. It is dropped with this value.
pub struct TestDatabase {
    /// Address with the role of the programs.
    pub url: String,
    /// Address with the role that owns the schema.
    pub owner_url: String,
    /// Connections of the programs' role.
    pub pool: Pool,
    name: String,
    server: String,
}

impl TestDatabase {
    /// Creates one: the migrations run once for all tests, into a template whose name depends on their texts.
    pub async fn create() -> Self {
        let server = env::var(URL_VARIABLE)
            .unwrap_or_else(|_| panic!("{URL_VARIABLE} is not set: run the tests with `cargo xtask test`"));
        let template = format!("rubis_migrated_{}", migrations_hash());
        let mut conn = rubis_db::establish(&server).await.expect("Postgres cannot be reached");
        if !exists(&mut conn, &template).await {
            create_template(&mut conn, &server, &template).await;
        }
        let name = format!("rubis_test_{}", Uuid::now_v7().simple());
        execute(&mut conn, &format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {}", OWNER.name)).await;
        let url = address(&server, &PROGRAM, &name);
        let owner_url = address(&server, &OWNER, &name);
        let pool = rubis_db::connect(&url, POOL_SIZE).expect("an address");
        Self { pool, url, owner_url, name, server }
    }

    /// Runs statements that only the owner of the schema may run.
    pub async fn execute_as_owner(&self, sql: &str) {
        let mut conn = rubis_db::establish(&self.owner_url).await.expect("Postgres cannot be reached");
        execute(&mut conn, sql).await;
    }

    /// Returns the name of the programs' role.
    #[must_use]
    pub const fn program_role() -> &'static str {
        PROGRAM.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // Dropping is not async, and the test's runtime may have a single thread.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let mut conn = rubis_db::establish(&server).await.expect("Postgres cannot be reached");
                execute(&mut conn, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
            });
        });
        if dropping.join().is_err() && !thread::panicking() {
            panic!("the database {} of a test could not be dropped", self.name);
        }
    }
}

/// Builds the template under another name, and gives it its own once it is complete.
async fn create_template(conn: &mut AsyncPgConnection, server: &str, template: &str) {
    execute(conn, &format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).await;
    if !exists(conn, template).await {
        let unfinished = format!("{template}_unfinished");
        execute(conn, &format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await;
        for role in [OWNER, PROGRAM] {
            create_role(conn, &role).await;
        }
        execute(conn, &format!("CREATE DATABASE {unfinished} OWNER {}", OWNER.name)).await;
        migrate(address(server, &OWNER, &unfinished)).await;
        execute(conn, &format!("ALTER DATABASE {unfinished} RENAME TO {template}")).await;
    }
    execute(conn, &format!("SELECT pg_advisory_unlock({TEMPLATE_LOCK})")).await;
}

async fn create_role(conn: &mut AsyncPgConnection, role: &Role) {
    let Role { name, password } = role;
    let create = format!(
        "DO $$ BEGIN
             IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN
                 CREATE ROLE {name} LOGIN PASSWORD '{password}';
             END IF;
         END $$"
    );
    execute(conn, &create).await;
}

/// Runs the migrations. They need a runtime with several threads, which a test's may not have.
async fn migrate(url: String) {
    let migrating = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        runtime.expect("a runtime").block_on(async {
            rubis_db::run_migrations(&url).await.expect("the migrations run");
            rubis_db::grant_program_role(&url, PROGRAM.name).await.expect("the privileges can be granted");
        });
    });
    migrating.await.expect("migrating does not panic");
}

async fn exists(conn: &mut AsyncPgConnection, database: &str) -> bool {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let query = format!("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = '{database}') AS found");
    let row: Found = sql_query(query).get_result(conn).await.expect("the catalog can be read");
    row.found
}

async fn execute(conn: &mut AsyncPgConnection, sql: &str) {
    conn.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Returns the address of another database of the same server, for another role.
fn address(server: &str, role: &Role, database: &str) -> String {
    let (_, server) = server.rsplit_once('@').expect("the address has a password");
    let server = format!("postgres://{}:{}@{server}", role.name, role.password);
    let (host, parameters) =
        server.split_once('?').map_or((server.as_str(), None), |(host, rest)| (host, Some(rest)));
    let (host, _) = host.rsplit_once('/').expect("the address names a database");
    let parameters = parameters.map(|parameters| format!("?{parameters}")).unwrap_or_default();
    format!("{host}/{database}{parameters}")
}

/// Computes a hash of the names and texts of all migrations.
fn migrations_hash() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let mut migrations: Vec<_> = fs::read_dir(folder)
        .expect("the migrations are there")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.is_dir())
        .collect();
    migrations.sort();
    let mut texts = Vec::new();
    for migration in migrations {
        texts.extend_from_slice(migration.to_string_lossy().as_bytes());
        texts.extend(fs::read(migration.join("up.sql")).expect("a migration has an up.sql"));
    }
    rubis_kernel::sha256(&texts).iter().take(8).fold(String::new(), |mut hash, byte| {
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}
