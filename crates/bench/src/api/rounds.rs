//! One operation on one database: the API and `pgbench` in turn.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::environment::Environment;
use super::load::{Until, load};
use super::operation::Operation;
use super::replay::Captured;
use crate::reference::{Length, Measured, Part, Script, pgbench};
use crate::statistics::median;
use crate::{Machine, cpu};

/// Requests to the large organization in a round, for each second that the others are measured: the twenty
/// that an organization may ask for in a second, for as long as a round takes on one database.
const REQUESTS_TO_THE_LARGE_ONE: u32 = 40;

/// The least of them, which no round is too short for.
const LEAST_REQUESTS: u32 = 100;

/// Time the lookup of the reference is measured by itself, once: enough to judge its share.
const LOOKUP_SECONDS: u32 = 3;

#[derive(Clone, Copy, Debug)]
pub struct Intensity {
    /// Connections that are used at the same time.
    pub connections: u32,
    /// Time each side is measured in a round.
    pub seconds: u32,
}

/// Figures of all rounds, a value for each.
#[derive(Clone, Debug, Default)]
pub struct Rounds {
    /// The API's requests a second.
    pub rates: Vec<f64>,
    /// Half of the requests took at most this, in milliseconds.
    pub p50: Vec<f64>,
    /// 99 of 100 requests took at most this, in milliseconds.
    pub p99: Vec<f64>,
    /// As `p50`, of requests to the large organization.
    pub p50_large: Vec<f64>,
    /// As `p99`, of requests to the large organization.
    pub p99_large: Vec<f64>,
    pub reference: Vec<Measured>,
    /// Mean time of a run of which the subject is only looked up, in milliseconds.
    pub lookup_ms: Option<f64>,
    /// Processor time for a request, in milliseconds: the API's.
    pub api: Vec<f64>,
    pub postgres: Vec<f64>,
    pub client: Vec<f64>,
    pub reference_postgres: Vec<f64>,
}

/// Processor time of the programs.
struct Processors {
    api: f64,
    postgres: f64,
    client: f64,
}

impl Rounds {
    /// Measures both sides once.
    pub async fn round(
        &mut self,
        machine: &Machine,
        environment: &Environment,
        captured: &Captured,
        intensity: Intensity,
        round: u32,
    ) -> Result<()> {
        let asked = self.ask(machine, environment, captured.operation(), intensity, round).await?;
        if !captured.operation().writes() {
            let requests = captured.operation().requests(std::slice::from_ref(&environment.large), "");
            let count = (intensity.seconds * REQUESTS_TO_THE_LARGE_ONE).max(LEAST_REQUESTS);
            let until = Until::Asked(usize::try_from(count)?);
            let mut answered = load(environment.address, intensity.connections, &requests, until).await?;
            self.p50_large.push(answered.within(0.5));
            self.p99_large.push(answered.within(0.99));
        }
        self.refer(machine, environment, captured, intensity, &format!("PGBENCH{round}"), asked).await
    }

    /// Loads the API, and returns the number of responses.
    async fn ask(
        &mut self,
        machine: &Machine,
        environment: &Environment,
        operation: Operation,
        intensity: Intensity,
        round: u32,
    ) -> Result<usize> {
        let requests = operation.requests(&environment.small, &format!("ROUND{round}"));
        let until = Until::Elapsed(Duration::from_secs(intensity.seconds.into()));
        let before = Processors::taken(machine, environment)?;
        let mut answered = load(environment.address, intensity.connections, &requests, until).await?;
        let after = Processors::taken(machine, environment)?;
        let per_request = |before: f64, after: f64| (after - before) * 1000.0 / answered.requests().max(1.0);
        self.api.push(per_request(before.api, after.api));
        self.postgres.push(per_request(before.postgres, after.postgres));
        self.client.push(per_request(before.client, after.client));
        self.rates.push(answered.rate());
        self.p50.push(answered.within(0.5));
        self.p99.push(answered.within(0.99));
        Ok(answered.latencies.len())
    }

    /// Runs `pgbench`.
    async fn refer(
        &mut self,
        machine: &Machine,
        environment: &Environment,
        captured: &Captured,
        intensity: Intensity,
        run: &str,
        asked: usize,
    ) -> Result<()> {
        let Intensity { connections, seconds } = intensity;
        // As many new invoices as it takes to be busy for as long, at twice the API's speed.
        let each = u32::try_from((asked * 2).div_ceil(usize::try_from(connections)?))?.max(1);
        let script = captured.script(run, usize::try_from(each * connections)?)?;
        let subjects = script.prepare(&environment.database_url).await?;
        let length = if captured.operation().writes() {
            Length::EachOnce(each)
        } else {
            Length::Seconds(seconds, subjects)
        };
        let bench = async |script: &Script, part, length| {
            pgbench(machine, &environment.database_url, script, part, connections, length).await
        };
        let before = cpu::taken_by(postgres(machine)?)?;
        let measured = bench(&script, Part::Whole, length).await?;
        let taken = cpu::taken_by(postgres(machine)?)? - before;
        // Connections wait for nothing but PostgreSQL: so many runs there were.
        let runs = match length {
            Length::EachOnce(each) => f64::from(each * connections),
            Length::Seconds(seconds, _) => measured.per_second * f64::from(seconds),
        };
        self.reference_postgres.push(taken * 1000.0 / runs.max(1.0));
        if script.has_lookup() && self.lookup_ms.is_none() {
            let lookup = bench(&script, Part::Lookup, Length::Seconds(LOOKUP_SECONDS, subjects)).await?;
            self.lookup_ms = Some(lookup.mean_ms);
        }
        self.reference.push(measured);
        Ok(())
    }

    /// The middle round's.
    pub fn reference(&self, value: impl Fn(&Measured) -> f64) -> f64 {
        median(&mut self.reference.iter().map(value).collect::<Vec<_>>())
    }
}

impl Processors {
    fn taken(machine: &Machine, environment: &Environment) -> Result<Self> {
        Ok(Self {
            api: environment.processor_time()?,
            postgres: cpu::taken_by(postgres(machine)?)?,
            client: cpu::taken_alone(std::process::id())?,
        })
    }
}

fn postgres(machine: &Machine) -> Result<u32> {
    machine.servers.postgres.process_id().context("PostgreSQL does not run")
}
