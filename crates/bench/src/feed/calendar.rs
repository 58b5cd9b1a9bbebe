//! A database with so many planned jobs, and what looks into it.

use std::time::Duration;

use anyhow::Result;
use rubis_db::Pool;
use rubis_jobs::Queue;
use rubis_queue::{ClaimTerms, Handlers, Offers, QueueRunner, QueueSettings};
use rubis_runtime::settings::RedisSettings;
use time::OffsetDateTime;

use super::fill;
use crate::Machine;

/// Jobs to a claim: as many as a worker runs at once.
pub const CLAIM: u32 = 50;

/// The queue that is measured.
pub const QUEUE: Queue = Queue::Relances;

/// Time the jobs of a claim are leased: they are given back at once, long before.
pub const TERMS: ClaimTerms =
    ClaimTerms { lease: Duration::from_secs(3_600), tenant_rate: None, provider_rate: None };

/// Connections of either kind: one thing is measured at a time.
const CONNECTIONS: u32 = 2;

/// So many planned jobs, some of them due.
pub struct Calendar {
    pub jobs: u32,
    pub due: u32,
    pub now: OffsetDateTime,
    pub url: String,
    pub pool: Pool,
    pub offers: Offers,
    pub sweeping: QueueRunner,
    /// Reads the slices of a second at each step.
    pub slicing: QueueRunner,
}

impl Calendar {
    /// Makes the database and fills it.
    pub async fn open(machine: &Machine, jobs: u32, due: u32, now: OffsetDateTime) -> Result<Self> {
        let url = machine.servers.database(&format!("feed_{jobs}")).await?;
        fill::fill(&url, jobs, due, now).await?;
        let pool = rubis_db::connect(&url, CONNECTIONS)?;
        let redis = rubis_runtime::redis::pool(
            &RedisSettings::at(&machine.servers.redis.url()),
            usize::try_from(CONNECTIONS)?,
        )?;
        let prefix = format!("feed-{jobs}");
        // A step reads what is due to be read: the instant stands still, so the times between reads are none.
        let sliced =
            QueueSettings { prefix: prefix.clone(), tick: Duration::ZERO, ..QueueSettings::default() };
        let swept = QueueSettings { sweep_every: Duration::ZERO, ..sliced.clone() };
        let runner =
            |settings| QueueRunner::new(QUEUE, settings, pool.clone(), redis.clone(), Handlers::new());
        Ok(Self {
            jobs,
            due,
            now,
            url,
            offers: Offers::new(QUEUE, redis.clone(), &prefix),
            sweeping: runner(swept),
            slicing: runner(sliced),
            pool,
        })
    }
}
