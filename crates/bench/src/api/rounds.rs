//! One operation on one database: the API and `pgbench` in turn.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::environment::Environment;
use super::load::{Until, load};
use super::replay::Captured;
use crate::reference::{Length, Measured, Part, pgbench};
use crate::statistics::{Lateness, median_of};
use crate::{Machine, cpu};

/// Requests to the large organization in a round, for each second that the others are measured: the twenty
/// that an organization may ask for in a second, for as long as a round takes on one database.
const REQUESTS_TO_THE_LARGE_ONE: u32 = 40;

/// The least of them, which no round is too short for.
const LEAST_REQUESTS: u32 = 100;

/// Time the lookup of the reference is measured by itself, once: enough to judge its share.
const LOOKUP_SECONDS: u32 = 3;

/// Figures of one round. Times are in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// The API's requests a second.
    pub rate: f64,
    pub latency: Lateness,
    /// As `latency`, of requests to the large organization.
    pub large: Option<Lateness>,
    /// Processor time for a request.
    pub cpu: Processors,
    pub reference: Measured,
    /// Processor time of PostgreSQL for a run of the reference.
    pub reference_postgres: f64,
}

/// All rounds of an operation.
#[derive(Clone, Debug, Default)]
pub struct Rounds {
    pub all: Vec<Round>,
    /// Mean time of a run of which the subject is only looked up, in milliseconds.
    pub lookup_ms: Option<f64>,
}

/// Processor time of the programs.
#[derive(Clone, Copy, Debug)]
pub struct Processors {
    pub api: f64,
    pub postgres: f64,
    pub client: f64,
}

/// A database and its load.
pub struct Load<'a> {
    pub machine: &'a Machine,
    pub environment: &'a Environment,
    pub captured: &'a Captured,
    /// Connections that are used at the same time.
    pub connections: u32,
    /// Time each side is measured in a round.
    pub seconds: u32,
}

impl Rounds {
    /// Measures both sides once.
    pub async fn measure(&mut self, on: &Load<'_>, round: u32) -> Result<()> {
        let (environment, operation) = (on.environment, on.captured.operation());
        let requests = operation.requests(&environment.small, &format!("ROUND{round}"));
        let until = Until::Elapsed(Duration::from_secs(on.seconds.into()));
        let before = on.taken()?;
        let mut answered = load(environment.address, on.connections, &requests, until).await?;
        let cpu = on.taken()?.since(before, answered.requests());
        let large = if operation.writes() { None } else { Some(on.large().await?) };
        let (run, asked) = (format!("PGBENCH{round}"), answered.latencies.len());
        let (reference, reference_postgres) = on.refer(&run, asked, &mut self.lookup_ms).await?;
        let (rate, latency) = (answered.rate(), Lateness::of(&mut answered.latencies));
        self.all.push(Round { rate, latency, large, cpu, reference, reference_postgres });
        Ok(())
    }

    /// The median of a figure.
    pub fn median(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        median_of(&self.all, figure)
    }

    /// The median of a figure of the large organization; zero if it sends no requests.
    pub fn large(&self, figure: fn(&Lateness) -> f64) -> f64 {
        self.median(|round| round.large.as_ref().map_or(0.0, figure))
    }
}

impl Load<'_> {
    /// Requests to the large organization.
    async fn large(&self) -> Result<Lateness> {
        let tenant = std::slice::from_ref(&self.environment.large);
        let requests = self.captured.operation().requests(tenant, "");
        let count = (self.seconds * REQUESTS_TO_THE_LARGE_ONE).max(LEAST_REQUESTS);
        let until = Until::Asked(usize::try_from(count)?);
        let mut answered = load(self.environment.address, self.connections, &requests, until).await?;
        Ok(Lateness::of(&mut answered.latencies))
    }

    /// Runs `pgbench`, which `asked` requests of the API came before; returns PostgreSQL's processor time as well.
    async fn refer(&self, run: &str, asked: usize, lookup_ms: &mut Option<f64>) -> Result<(Measured, f64)> {
        let Self { machine, environment, captured, connections, seconds } = *self;
        // As many new invoices as it takes to be busy for as long, at twice the API's speed.
        let each = u32::try_from((asked * 2).div_ceil(usize::try_from(connections)?))?.max(1);
        let script = captured.script(run, usize::try_from(each * connections)?)?;
        let subjects = script.prepare(&environment.database_url).await?;
        let length = if captured.operation().writes() {
            Length::EachOnce(each)
        } else {
            Length::Seconds(seconds, subjects)
        };
        let bench = async |part, length| {
            pgbench(machine, &environment.database_url, &script, part, connections, length).await
        };
        let before = cpu::taken_by(postgres(machine)?)?;
        let measured = bench(Part::Whole, length).await?;
        let taken = cpu::taken_by(postgres(machine)?)? - before;
        // Connections wait for nothing but PostgreSQL: so many runs there were.
        let runs = match length {
            Length::EachOnce(each) => f64::from(each * connections),
            Length::Seconds(seconds, _) => measured.per_second * f64::from(seconds),
        };
        if script.has_lookup() && lookup_ms.is_none() {
            let lookup = bench(Part::Lookup, Length::Seconds(LOOKUP_SECONDS, subjects)).await?;
            *lookup_ms = Some(lookup.mean_ms);
        }
        Ok((measured, taken * 1000.0 / runs.max(1.0)))
    }

    fn taken(&self) -> Result<Processors> {
        Ok(Processors {
            api: self.environment.processor_time()?,
            postgres: cpu::taken_by(postgres(self.machine)?)?,
            client: cpu::taken_alone(std::process::id())?,
        })
    }
}

impl Processors {
    /// Milliseconds since an earlier reading, divided by a count.
    fn since(self, before: Self, count: f64) -> Self {
        let each = |before: f64, after: f64| (after - before) * 1000.0 / count.max(1.0);
        Self {
            api: each(before.api, self.api),
            postgres: each(before.postgres, self.postgres),
            client: each(before.client, self.client),
        }
    }
}

fn postgres(machine: &Machine) -> Result<u32> {
    machine.servers.postgres.process_id().context("PostgreSQL does not run")
}
