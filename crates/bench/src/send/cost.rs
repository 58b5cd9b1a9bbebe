//! Costs of a burst: processor time, bytes of the log, transactions.

use anyhow::{Context as _, Result};

use crate::queue::Probe;
use crate::{Machine, cpu};

/// Counters that only rise, or the difference of two readings, in the order of [`COSTS`].
pub type Cost = [f64; 5];

/// Name of each cost of a reminder, its unit in that of the counter, and if `pgbench` has it too.
pub const COSTS: [(&str, f64, bool); 5] = [
    ("PostgreSQL, ms of processor a reminder", 1_000.0, true),
    ("worker, ms of processor a reminder", 1_000.0, false),
    ("Redis, ms of processor a reminder", 1_000.0, false),
    ("write-ahead log, bytes a reminder", 1.0, true),
    ("commits a reminder", 1.0, true),
];

pub async fn read(machine: &Machine, database: &str, worker: Option<u32>) -> Result<Cost> {
    let postgres = &machine.servers.postgres;
    let counters = postgres.query(
        "postgres",
        &format!(
            "SELECT pg_current_wal_insert_lsn() - '0/0', pg_stat_get_db_xact_commit(oid)
             FROM pg_database WHERE datname = '{database}'"
        ),
    )?;
    let (bytes, commits) = counters.trim().split_once('|').context("no such database")?;
    Ok([
        cpu::taken_by(postgres.process_id().context("PostgreSQL does not run")?)?,
        worker.map_or(Ok(0.0), cpu::taken_alone)?,
        Probe::open(&machine.servers.redis.url()).await?.cpu().await?,
        bytes.parse()?,
        commits.parse()?,
    ])
}

/// Difference of two readings, divided by a count.
pub fn each(mut after: Cost, before: Cost, count: f64) -> Cost {
    for (after, before) in after.iter_mut().zip(before) {
        *after = (*after - before) / count;
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_a_difference_for_each() {
        assert_eq!(
            each([5.0, 0.0, 0.0, 0.0, 70.0], [1.0, 0.0, 0.0, 0.0, 10.0], 20.0),
            [0.2, 0.0, 0.0, 0.0, 3.0]
        );
    }
}
