//! The longest time that a script keeps Redis.
//!
//! The longest call of a burst depends on the machine and not on the script: Redis shares the cores with
//! PostgreSQL, the worker and whatever else the machine runs, and is stopped in the middle of some call for
//! longer than any script takes. So the most that a call can be asked for is asked for again and again, beside
//! as many jobs that wait as a burst has, and the call in the middle counts.

use std::time::Duration;

use anyhow::{Result, ensure};
use rubis_kernel::{Clock as _, OrganizationId, SystemClock};
use rubis_queue::{BATCH, ClaimTerms, OfferedJob, Offers};
use time::OffsetDateTime;

use super::Arguments;
use super::environment::{Environment, QUEUE};
use super::offers::{WIDE, job, milliseconds};
use super::probe::Probe;
use crate::statistics::median;

pub const CYCLES: u32 = 25;

/// Jobs of each organization that wait meanwhile.
const WAITING_EACH: u32 = 10;

const AN_HOUR: Duration = Duration::from_secs(3_600);

/// Leases of one cycle are lost in the next one.
const LEASE: Duration = Duration::from_secs(1);
const CYCLE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub struct Scripts {
    /// Name and median time of each call, in milliseconds.
    pub calls: Vec<(&'static str, f64)>,
}

impl Scripts {
    pub fn longest(&self) -> f64 {
        self.calls.iter().map(|(_, milliseconds)| *milliseconds).fold(0.0, f64::max)
    }
}

/// Calls each script with as much as the product ever asks of it.
pub async fn scripts(environment: &Environment, sizes: &Arguments, probe: &mut Probe) -> Result<Scripts> {
    probe.empty().await?;
    let offers = Offers::new(QUEUE, environment.redis_pool()?, "rubis");
    let mut now = SystemClock.now();
    for organizations in organizations(sizes.jobs / WAITING_EACH).chunks(BATCH) {
        for _ in 0..WAITING_EACH {
            offers.offer(&one_each(organizations, now + AN_HOUR)?, Some(now)).await?;
        }
    }
    let mut cycles = Vec::new();
    for _ in 0..CYCLES {
        now += CYCLE;
        cycles.push(cycle(&offers, probe, now).await?);
    }
    let whats = cycles.first().into_iter().flatten().map(|(what, _)| *what);
    let calls = whats.map(|what| {
        let taken = cycles.iter().flatten().filter(|(other, _)| *other == what).map(|(_, time)| *time);
        (what, median(&mut taken.collect::<Vec<_>>()))
    });
    Ok(Scripts { calls: calls.collect() })
}

/// One call of everything, on what the cycle before has left: as many jobs whose leases are lost as a
/// claim takes back.
async fn cycle(offers: &Offers, probe: &mut Probe, now: OffsetDateTime) -> Result<Vec<(&'static str, f64)>> {
    let terms = ClaimTerms { lease: LEASE, tenant_rate: Some(WIDE), provider_rate: Some(WIDE) };
    let organizations = organizations(u32::try_from(BATCH)?);
    let mut calls = Vec::new();

    let (start, jobs) = (probe.start().await?, one_each(&organizations, now)?);
    offers.offer(&jobs, Some(now)).await?;
    calls.push(("an offer to as many organizations", probe.end(&start).await?));
    offers.offer(&one_each(&organizations, now)?, Some(now)).await?;

    let start = probe.start().await?;
    let taken = offers.claim(BATCH, terms, Some(now)).await?.jobs;
    calls.push(("a claim with limits, of organizations in turn", probe.end(&start).await?));
    ensure!(taken.len() == BATCH, "of {BATCH} due jobs {} were claimed", taken.len());

    let start = probe.start().await?;
    offers.renew(&taken, LEASE, Some(now)).await?;
    calls.push(("a renewal", probe.end(&start).await?));

    let start = probe.start().await?;
    let back: Vec<_> = taken.into_iter().map(|job| (job, AN_HOUR)).collect();
    offers.give_back(&back, Some(now)).await?;
    calls.push(("jobs put back", probe.end(&start).await?));

    let start = probe.start().await?;
    offers.begin_feed(Duration::ZERO, Duration::ZERO, Some(now)).await?;
    offers.next_due(Some(now)).await?;
    calls.push(("a look at what is next", probe.end(&start).await?));

    // These stay leased until the next cycle.
    let lost = offers.claim(BATCH, terms, Some(now)).await?.jobs;
    ensure!(lost.len() == BATCH, "of {BATCH} due jobs {} were claimed", lost.len());
    Ok(calls.into_iter().map(|(what, toll)| (what, toll.longest_script())).collect())
}

fn organizations(count: u32) -> Vec<OrganizationId> {
    (0..count).map(|_| OrganizationId::new()).collect()
}

/// A job of each organization.
fn one_each(organizations: &[OrganizationId], due: OffsetDateTime) -> Result<Vec<(OfferedJob, i64)>> {
    let due = milliseconds(due)?;
    Ok(organizations.iter().map(|organization| job(*organization, due)).collect())
}
