//! The Redis side alone: jobs are offered as the feeder does it, claimed as the claim loop does it, and
//! forgotten as the settling of finished jobs does it.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use rubis_jobs::JobId;
use rubis_kernel::{Clock as _, OrganizationId, RelanceTaskId, SystemClock};
use rubis_queue::{BATCH, CLAIMS_AT_ONCE, ClaimTerms, OfferedJob, Offers, RateLimit};
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Arguments;
use super::environment::{Environment, QUEUE};
use super::probe::{Probe, Toll};

/// As many finished jobs as a worker lets wait to be recorded, and records in one go.
const SETTLE_BACKLOG: usize = 1_000;

/// As many jobs as a feeder reads from the calendar and offers in one go.
const PAGE: usize = 1_000;

/// A limit that is reckoned with at each claim and never holds anything up.
pub const WIDE: RateLimit = RateLimit { count: 1_000_000, per: Duration::from_secs(1), burst: 1_000_000 };

pub struct Shape {
    jobs: u32,
    organizations: u32,
    limits: Option<RateLimit>,
}

impl Shape {
    pub fn usual(sizes: &Arguments) -> Self {
        Self { jobs: sizes.jobs, organizations: sizes.organizations, limits: None }
    }

    /// The shape that makes scripts long: always another organization, and limits.
    pub fn wide(sizes: &Arguments) -> Self {
        let organizations = (sizes.jobs / 10).max(1);
        Self { jobs: sizes.jobs, organizations, limits: Some(WIDE) }
    }
}

#[derive(Clone, Debug)]
pub struct OffersBurst {
    /// Jobs offered in a second.
    pub offered: f64,
    /// Jobs claimed and acknowledged in a second.
    pub claimed: f64,
    /// Jobs offered, claimed and acknowledged in a second.
    pub whole: f64,
    /// Memory of Redis for an offered job, in bytes.
    pub memory: f64,
    pub toll: Toll,
}

/// An instant as offers have it.
pub fn milliseconds(instant: OffsetDateTime) -> Result<i64> {
    Ok(i64::try_from(instant.unix_timestamp_nanos().div_euclid(1_000_000))?)
}

fn jobs(shape: &Shape, due: i64) -> Vec<(OfferedJob, i64)> {
    let organizations: Vec<_> = (0..shape.organizations).map(|_| OrganizationId::new()).collect();
    (0..shape.jobs)
        .zip(organizations.iter().cycle())
        .map(|(_, organization)| job(*organization, due))
        .collect()
}

/// A new job of the organization, and its date in milliseconds.
pub fn job(organization: OrganizationId, due: i64) -> (OfferedJob, i64) {
    let id = JobId::new("relance", RelanceTaskId::new());
    (OfferedJob { id, organization: Some(organization) }, due)
}

/// Offers, claims and forgets a burst of due jobs.
pub async fn burst(environment: &Environment, shape: &Shape, probe: &mut Probe) -> Result<OffersBurst> {
    probe.empty().await?;
    let offers = Offers::new(QUEUE, environment.redis_pool()?, "rubis");
    let terms =
        ClaimTerms { lease: Duration::from_secs(60), tenant_rate: shape.limits, provider_rate: shape.limits };
    // Connections are opened, and scripts compiled.
    let due = milliseconds(SystemClock.now())?;
    offers.offer(&jobs(&Shape { jobs: 1, ..Shape { ..*shape } }, due), None).await?;
    offers.forget(&offers.claim(1, terms, None).await?.jobs).await?;
    let jobs = jobs(shape, due);

    let before = probe.memory().await?;
    let start = probe.start().await?;
    let began = Instant::now();
    for page in jobs.chunks(PAGE) {
        offers.offer(page, None).await?;
    }
    let offering = began.elapsed().as_secs_f64();
    let mut toll = probe.end(&start).await?;
    let memory = (probe.memory().await? - before) / f64::from(shape.jobs);

    let start = probe.start().await?;
    let began = Instant::now();
    claim_and_forget(&offers, shape, terms).await?;
    let claiming = began.elapsed().as_secs_f64();
    let claims = probe.end(&start).await?;
    toll.absorb(&claims);
    let rate = |seconds: f64| f64::from(shape.jobs) / seconds;
    Ok(OffersBurst {
        offered: rate(offering),
        claimed: rate(claiming),
        whole: rate(offering + claiming),
        memory,
        toll,
    })
}

/// Claims go on, as many at once as in a worker with a backlog whose jobs take no time, while what was
/// done is forgotten.
async fn claim_and_forget(offers: &Offers, shape: &Shape, terms: ClaimTerms) -> Result<()> {
    let (sender, mut done) = mpsc::channel(SETTLE_BACKLOG);
    let forgetting = async {
        let mut forgotten = 0;
        let mut batch = Vec::new();
        while done.recv_many(&mut batch, SETTLE_BACKLOG).await > 0 {
            offers.forget(&batch).await?;
            forgotten += u32::try_from(batch.len())?;
            batch.clear();
        }
        ensure!(forgotten == shape.jobs, "of {} jobs {forgotten} could be claimed", shape.jobs);
        Ok(())
    };
    let claiming = try_join_all((0..CLAIMS_AT_ONCE).map(|_| claim_all(offers, terms, sender.clone())));
    drop(sender);
    tokio::try_join!(Box::pin(claiming), forgetting)?;
    Ok(())
}

/// Claims until nothing is left.
async fn claim_all(offers: &Offers, terms: ClaimTerms, done: mpsc::Sender<OfferedJob>) -> Result<()> {
    loop {
        let jobs = offers.claim(BATCH, terms, None).await?.jobs;
        if jobs.is_empty() {
            return Ok(());
        }
        for job in jobs {
            done.send(job).await?;
        }
    }
}
