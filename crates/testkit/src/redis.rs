//! A part of Redis for one test.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests learn from the environment where their servers are")]

use std::{env, thread};

use deadpool_redis::redis::{Client, Commands as _, Connection, RedisResult, cmd};
use rubis_queue::RedisPool;
use rubis_runtime::settings::RedisSettings;
use uuid::Uuid;

/// Variable with the address of a Redis; set by `cargo xtask test`.
const URL_VARIABLE: &str = "TEST_REDIS_URL";

/// Maximum number of connections of a test's pool.
const POOL_SIZE: usize = 8;

/// A prefix for keys that no other test uses. They are deleted with this value.
pub struct TestRedis {
    pub url: String,
    pub pool: RedisPool,
    /// Prefix of the test's keys.
    pub prefix: String,
}

impl TestRedis {
    /// Creates a new prefix.
    #[must_use]
    pub fn create() -> Self {
        let url = env::var(URL_VARIABLE)
            .unwrap_or_else(|_| panic!("{URL_VARIABLE} is not set: run the tests with `cargo xtask test`"));
        let pool = redis_pool(&url, POOL_SIZE);
        Self { url, pool, prefix: format!("rubis-test-{}", Uuid::now_v7().simple()) }
    }

    /// Returns the keys below the prefix.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let mut connection = self.connect().expect("Redis answers");
        let mut keys: Vec<String> = find(&mut connection, &self.prefix).expect("the keys can be listed");
        keys.sort();
        keys
    }

    /// Deletes every key below the prefix, as though Redis had been emptied.
    pub fn wipe(&self) {
        self.try_wipe().expect("Redis answers");
    }

    fn connect(&self) -> RedisResult<Connection> {
        Client::open(self.url.as_str())?.get_connection()
    }

    fn try_wipe(&self) -> RedisResult<()> {
        let mut connection = self.connect()?;
        let keys = find(&mut connection, &self.prefix)?;
        if keys.is_empty() { Ok(()) } else { cmd("UNLINK").arg(keys).exec(&mut connection) }
    }
}

/// Creates a pool of connections to the Redis at this address, like the programs do.
#[must_use]
pub fn redis_pool(url: &str, size: usize) -> RedisPool {
    rubis_runtime::redis::pool(&RedisSettings::at(url), size).expect("a Redis address")
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        if let Err(error) = self.try_wipe()
            && !thread::panicking()
        {
            panic!("the keys of a test could not be deleted: {error}");
        }
    }
}

fn find(connection: &mut Connection, prefix: &str) -> RedisResult<Vec<String>> {
    connection.scan_match::<_, String>(format!("{prefix}:*"))?.collect()
}
