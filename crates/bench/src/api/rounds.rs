//! One operation on one database: the API and `pgbench` in turn.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::environment::Environment;
use super::load::{Until, load};
use super::replay::Captured;
use crate::reference::{Length, Measured, pgbench};
use crate::statistics::Lateness;
use crate::{Machine, cpu};

/// Requests to the large organization in a round, for each second that the others are measured: the twenty that an
/// organization may send in a second, for as long as a round takes on one database. And the least of them.
const REQUESTS_TO_THE_LARGE_ONE: u32 = 40;
const LEAST_REQUESTS: u32 = 100;

#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// The API's requests a second.
    pub rate: f64,
    pub latency: Lateness,
    /// The median latency of requests to the large organization; zero if it sends none.
    pub large: f64,
    /// Processor time of the API and of PostgreSQL for a request.
    pub cpu: [f64; 2],
    pub reference: Measured,
}

pub struct Load<'a> {
    pub machine: &'a Machine,
    pub environment: &'a Environment,
    pub captured: &'a Captured,
    pub connections: u32,
    /// Time each side is measured in a round.
    pub seconds: u32,
}

impl Load<'_> {
    /// Measures both sides once.
    pub async fn measure(&self, round: u32) -> Result<Round> {
        let (environment, operation) = (self.environment, self.captured.operation());
        let requests = operation.requests(&environment.small, &format!("ROUND{round}"));
        let until = Until::Elapsed(Duration::from_secs(self.seconds.into()));
        let before = self.taken()?;
        let mut answered = load(environment.address, self.connections, &requests, until).await?;
        let mut cpu = self.taken()?;
        for (cpu, before) in cpu.iter_mut().zip(before) {
            *cpu = (*cpu - before) * 1000.0 / answered.requests().max(1.0);
        }
        let large = if operation.writes() { 0.0 } else { self.large().await? };
        let reference = self.refer(&format!("PGBENCH{round}"), answered.latencies.len()).await?;
        let (rate, latency) = (answered.rate(), Lateness::of(&mut answered.latencies));
        Ok(Round { rate, latency, large, cpu, reference })
    }

    async fn large(&self) -> Result<f64> {
        let tenant = std::slice::from_ref(&self.environment.large);
        let requests = self.captured.operation().requests(tenant, "");
        let count = (self.seconds * REQUESTS_TO_THE_LARGE_ONE).max(LEAST_REQUESTS);
        let until = Until::Asked(usize::try_from(count)?);
        Ok(load(self.environment.address, self.connections, &requests, until).await?.within(0.5))
    }

    /// Runs `pgbench`, which `asked` requests of the API came before.
    async fn refer(&self, run: &str, asked: usize) -> Result<Measured> {
        let Self { machine, environment, captured, connections, seconds } = *self;
        // As many new invoices as it takes to be busy for as long, at twice the API's speed.
        let each = u32::try_from((asked * 2).div_ceil(usize::try_from(connections)?))?.max(1);
        let script = captured.script(run, usize::try_from(each * connections)?)?;
        let subjects = script.prepare(&environment.database_url).await?;
        let length = match captured.operation().writes() {
            true => Length::EachOnce(each),
            false => Length::Seconds(seconds, subjects),
        };
        pgbench(machine, &environment.database_url, &script, connections, length)
    }

    fn taken(&self) -> Result<[f64; 2]> {
        let postgres = self.machine.servers.postgres.process_id().context("PostgreSQL does not run")?;
        Ok([self.environment.processor_time()?, cpu::taken_by(postgres)?])
    }
}
