//! Costs of a burst: processor time, bytes of the log, transactions.

use anyhow::{Context as _, Result};
use diesel::sql_types::{BigInt, Double};
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl as _;
use rubis_db::{AsyncConnection as _, AsyncPgConnection};

use crate::queue::Probe;
use crate::{Machine, cpu};

/// Counters that only rise, or the difference of two readings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Processor time of PostgreSQL, in seconds.
    pub postgres: f64,
    /// Processor time of Redis, in seconds.
    pub redis: f64,
    /// Processor time of the worker, in seconds.
    pub worker: f64,
    /// Processor time of this process, which takes the mails, in seconds.
    pub sink: f64,
    pub log_bytes: f64,
    pub commits: f64,
}

#[derive(QueryableByName)]
struct Counters {
    #[diesel(sql_type = Double)]
    log_bytes: f64,
    #[diesel(sql_type = BigInt)]
    commits: i64,
}

impl Cost {
    /// Reads the counters; those of the worker too, when one runs.
    pub async fn read(machine: &Machine, database: &str, worker: Option<u32>) -> Result<Self> {
        let mut conn = AsyncPgConnection::establish(&machine.servers.postgres.url("postgres")).await?;
        let counters: Counters = sql_query(format!(
            "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8 AS log_bytes,
                 pg_stat_get_db_xact_commit(oid) AS commits
             FROM pg_database WHERE datname = '{database}'"
        ))
        .get_result(&mut conn)
        .await?;
        let postgres = machine.servers.postgres.process_id().context("PostgreSQL does not run")?;
        #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "far below 2^52 transactions")]
        let commits = counters.commits as f64;
        Ok(Self {
            postgres: cpu::taken_by(postgres)?,
            redis: Probe::open(&machine.servers.redis.url()).await?.cpu().await?,
            worker: worker.map_or(Ok(0.0), cpu::taken_alone)?,
            sink: cpu::taken_alone(std::process::id())?,
            log_bytes: counters.log_bytes,
            commits,
        })
    }

    /// Difference to an earlier reading, divided by a count.
    pub fn since(self, earlier: Self, count: f64) -> Self {
        let each = |field: fn(&Self) -> f64| (field(&self) - field(&earlier)) / count;
        Self {
            postgres: each(|cost| cost.postgres),
            redis: each(|cost| cost.redis),
            worker: each(|cost| cost.worker),
            sink: each(|cost| cost.sink),
            log_bytes: each(|cost| cost.log_bytes),
            commits: each(|cost| cost.commits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_a_difference_for_each() {
        let earlier = Cost { postgres: 1.0, commits: 10.0, ..Cost::default() };
        let later = Cost { postgres: 5.0, commits: 70.0, ..Cost::default() };
        let each = later.since(earlier, 20.0);
        assert_eq!((each.postgres, each.commits, each.worker), (0.2, 3.0, 0.0));
    }
}
