//! The Redis side alone: jobs are scheduled, claimed and forgotten as the worker does it.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use rubis_jobs::JobId;
use rubis_kernel::{Clock as _, OrganizationId, RelanceTaskId, SystemClock};
use rubis_queue::{BATCH, CLAIMS_AT_ONCE, DueIndex, IndexedJob};
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Arguments;
use super::environment::{Environment, QUEUE};
use super::probe::Probe;

/// As many finished jobs as a worker lets wait to be recorded, and records in one go.
const SETTLE_BACKLOG: usize = 1_000;

/// As many jobs as a feeder reads from the calendar and schedules in one go.
const PAGE: usize = 1_000;

const LEASE: Duration = Duration::from_secs(60);

/// Jobs a second.
#[derive(Clone, Copy, Debug)]
pub struct RedisSide {
    pub offered: f64,
    pub claimed: f64,
    /// Offered, claimed and acknowledged.
    pub whole: f64,
    /// Memory of Redis for an offered job, in bytes.
    pub memory: f64,
    /// Processor time of Redis for a job, in microseconds.
    pub cpu: f64,
}

/// A new job of the organization, and its date in milliseconds.
pub fn job(organization: OrganizationId, due: OffsetDateTime) -> Result<(IndexedJob, i64)> {
    let id = JobId::new("relance", RelanceTaskId::new());
    let due = i64::try_from(due.unix_timestamp_nanos().div_euclid(1_000_000))?;
    Ok((IndexedJob { id, organization: Some(organization) }, due))
}

pub async fn burst(environment: &Environment, sizes: &Arguments, probe: &mut Probe) -> Result<RedisSide> {
    probe.empty().await?;
    let index = DueIndex::new(QUEUE, environment.redis_pool()?, "rubis");
    let now = SystemClock.now();
    let organizations = environment.organizations.iter().cycle().take(usize::try_from(sizes.jobs)?);
    let jobs = organizations.map(|one| job(*one, now)).collect::<Result<Vec<_>>>()?;
    // Connections are opened, and scripts compiled.
    index.schedule(&[job(OrganizationId::new(), now)?], None).await?;
    index.forget(&index.claim(1, LEASE, None).await?.jobs).await?;

    let (before, cpu) = (probe.memory().await?, probe.cpu().await?);
    let began = Instant::now();
    for page in jobs.chunks(PAGE) {
        index.schedule(page, None).await?;
    }
    let offering = began.elapsed().as_secs_f64();
    let memory = probe.memory().await? - before;
    let began = Instant::now();
    claim_and_forget(&index, jobs.len()).await?;
    let claiming = began.elapsed().as_secs_f64();
    let (cpu, count) = (probe.cpu().await? - cpu, f64::from(sizes.jobs));
    Ok(RedisSide {
        offered: count / offering,
        claimed: count / claiming,
        whole: count / (offering + claiming),
        memory: memory / count,
        cpu: cpu * 1e6 / count,
    })
}

/// Claims, as many at once as a worker with a backlog whose jobs take no time, while finished jobs are forgotten.
async fn claim_and_forget(index: &DueIndex, jobs: usize) -> Result<()> {
    let (sender, mut done) = mpsc::channel(SETTLE_BACKLOG);
    let forgetting = async {
        let (mut forgotten, mut batch) = (0, Vec::new());
        while done.recv_many(&mut batch, SETTLE_BACKLOG).await > 0 {
            index.forget(&batch).await?;
            forgotten += batch.len();
            batch.clear();
        }
        ensure!(forgotten == jobs, "of {jobs} jobs {forgotten} could be claimed");
        Ok(())
    };
    let claiming = try_join_all((0..CLAIMS_AT_ONCE).map(|_| claim_all(index, sender.clone())));
    drop(sender);
    tokio::try_join!(Box::pin(claiming), forgetting)?;
    Ok(())
}

async fn claim_all(index: &DueIndex, done: mpsc::Sender<IndexedJob>) -> Result<()> {
    loop {
        let jobs = index.claim(BATCH, LEASE, None).await?.jobs;
        if jobs.is_empty() {
            return Ok(());
        }
        for job in jobs {
            done.send(job).await?;
        }
    }
}
