//! Limits across processes: one small script on Redis.

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::time::Duration;

use deadpool_redis::Pool;
use deadpool_redis::redis::{ErrorKind, RedisError, Script};
use rubis_kernel::sha256;

use super::rate::{Action, Decision, Rate};
use crate::redis::RedisUnavailable;

/// Maximum time that a request waits for its limit; after that, Redis counts as down.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);

/// Script with the rule of [`Rate::decide`]. It uses the clock of Redis, so that replicas with different clocks agree;
/// a test passes the time. Microseconds since 1970 stay exact in Lua's numbers until the year 2255.
static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("gcra.lua")));

/// Theoretical arrival times in Redis.
#[derive(Debug)]
pub(super) struct RedisStore {
    pool: Pool,
    prefix: String,
}

impl RedisStore {
    pub(super) fn new(pool: Pool, prefix: &str) -> Self {
        Self { pool, prefix: prefix.to_owned() }
    }

    /// Applies an action to a key; `now`, in microseconds since 1970, replaces the clock of Redis.
    pub(super) async fn run(
        &self,
        action: Action,
        key: &str,
        rate: Rate,
        now: Option<i64>,
    ) -> Result<Decision, RedisUnavailable> {
        let asked = async {
            let mut connection = self.pool.get().await?;
            let (allowed, amount): (bool, i64) = SCRIPT
                .key(self.key(key))
                .arg(rate.interval())
                .arg(rate.window())
                .arg(now.map(|now| now.to_string()).unwrap_or_default())
                .arg(action.as_str())
                .invoke_async(&mut connection)
                .await?;
            Ok(if allowed { Decision::allowed(amount) } else { Decision::limited(amount) })
        };
        match tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(RedisError::from((ErrorKind::Io, "no answer in time")).into()),
        }
    }

    /// Hashes the key: keys identify people, and may be as long as a request makes them.
    fn key(&self, key: &str) -> String {
        let mut name = format!("{}:limit:", self.prefix);
        for byte in sha256(key.as_bytes()).iter().take(16) {
            // Writing to a string does not fail.
            let _written = write!(name, "{byte:02x}");
        }
        name
    }
}

#[cfg(test)]
#[path = "redis_store_tests.rs"]
mod tests;
