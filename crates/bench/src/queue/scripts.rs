//! The longest time that a script keeps Redis.
//!
//! The longest call of a burst depends on the machine and not on the script: Redis shares the cores with PostgreSQL and
//! the worker, and is stopped in the middle of some call for longer than any script takes. So the most that a call can
//! be asked for is asked for again and again, beside as many waiting jobs as a burst has, and the median call counts.

use std::time::Duration;

use anyhow::{Result, ensure};
use rubis_kernel::{Clock as _, OrganizationId, SystemClock};
use rubis_queue::{BATCH, DueIndex, IndexedJob};
use time::OffsetDateTime;

use super::Arguments;
use super::environment::{Environment, QUEUE};
use super::probe::Probe;
use super::redis_side::job;
use crate::statistics::median;

pub const CYCLES: u32 = 25;

/// Jobs of each organization that wait meanwhile.
const WAITING_EACH: u32 = 10;

const AN_HOUR: Duration = Duration::from_secs(3_600);

/// Leases of one cycle are lost in the next one.
const LEASE: Duration = Duration::from_secs(1);
const CYCLE: Duration = Duration::from_secs(10);

/// Name and time of each call, in milliseconds.
pub type Calls = Vec<(&'static str, f64)>;

/// Calls each script with as much as the product ever asks of it, and returns the medians.
pub async fn scripts(environment: &Environment, sizes: &Arguments, probe: &mut Probe) -> Result<Calls> {
    probe.empty().await?;
    let index = DueIndex::new(QUEUE, environment.redis_pool()?, "rubis");
    let mut now = SystemClock.now();
    for organizations in organizations(sizes.jobs / WAITING_EACH).chunks(BATCH) {
        for _ in 0..WAITING_EACH {
            index.schedule(&one_each(organizations, now + AN_HOUR)?, Some(now)).await?;
        }
    }
    let mut cycles = Vec::new();
    for _ in 0..CYCLES {
        now += CYCLE;
        cycles.push(cycle(&index, probe, now).await?);
    }
    let names = cycles.first().into_iter().flatten().map(|(name, _)| *name);
    let calls = names.map(|name| {
        let taken = cycles.iter().flatten().filter(|(other, _)| *other == name).map(|(_, time)| *time);
        (name, median(&mut taken.collect::<Vec<_>>()))
    });
    Ok(calls.collect())
}

/// One call of everything, after the cycle before: as many jobs whose leases are lost as a claim takes back.
async fn cycle(index: &DueIndex, probe: &mut Probe, now: OffsetDateTime) -> Result<Calls> {
    let organizations = organizations(u32::try_from(BATCH)?);
    let jobs = one_each(&organizations, now)?;
    let mut calls = Calls::new();

    probe.note_calls().await?;
    index.schedule(&jobs, Some(now)).await?;
    calls.push(("an offer to as many organizations", probe.longest_call().await?));
    index.schedule(&one_each(&organizations, now)?, Some(now)).await?;

    probe.note_calls().await?;
    let taken = index.claim(BATCH, LEASE, Some(now)).await?.jobs;
    calls.push(("a claim, of organizations in turn", probe.longest_call().await?));
    ensure!(taken.len() == BATCH, "of {BATCH} due jobs {} were claimed", taken.len());

    probe.note_calls().await?;
    index.renew(&taken, LEASE, Some(now)).await?;
    calls.push(("a renewal", probe.longest_call().await?));

    let back: Vec<_> = taken.into_iter().map(|job| (job, AN_HOUR)).collect();
    probe.note_calls().await?;
    index.reschedule(&back, Some(now)).await?;
    calls.push(("jobs put back", probe.longest_call().await?));

    probe.note_calls().await?;
    index.begin_feed(Duration::ZERO, Duration::ZERO, Some(now)).await?;
    index.next_due(Some(now)).await?;
    calls.push(("a look at what is next", probe.longest_call().await?));

    // These stay leased until the next cycle.
    let lost = index.claim(BATCH, LEASE, Some(now)).await?.jobs;
    ensure!(lost.len() == BATCH, "of {BATCH} due jobs {} were claimed", lost.len());
    Ok(calls)
}

fn organizations(count: u32) -> Vec<OrganizationId> {
    (0..count).map(|_| OrganizationId::new()).collect()
}

fn one_each(organizations: &[OrganizationId], due: OffsetDateTime) -> Result<Vec<(IndexedJob, i64)>> {
    organizations.iter().map(|organization| job(*organization, due)).collect()
}
