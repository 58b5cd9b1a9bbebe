//! Jobs that no worker of this release can do.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use rubis_db::AsyncPgConnection;
use rubis_jobs::{Job, JobError, JobId, Queue, RetryPolicy};
use rubis_kernel::{OrganizationId, SystemClock};
use rubis_queue::{DeadLetter, Finished, Handler, JobContext, QueueRunner, Worker};
use rubis_runtime::{MailRate, WorkerSettings};
use rubis_worker::{build_handlers, queue_settings};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{QUIET, finish};
use crate::run::LEAD;
use crate::{Due, Expected, Report, ScenarioRun};

const JOBS: usize = 20;

const ATTEMPTS: u32 = 3;

/// A job whose handler panics, whatever it is given.
#[derive(Serialize, Deserialize)]
struct Impossible {
    organization: OrganizationId,
    number: usize,
}

impl Job for Impossible {
    const KIND: &'static str = "impossible";
    const QUEUE: Queue = Queue::Relances;
    const RETRY: RetryPolicy = RetryPolicy {
        max_attempts: ATTEMPTS,
        first_delay: Duration::from_millis(500),
        max_delay: Duration::from_secs(1),
    };

    fn id(&self) -> JobId {
        JobId::new(Self::KIND, self.number)
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}

struct Panics;

#[async_trait]
impl Handler for Panics {
    type Job = Impossible;

    async fn run(&self, _context: JobContext, job: Impossible) -> Result<Finished, JobError> {
        // Unwinds as `panic!` does, without the report that would fill the terminal.
        std::panic::resume_unwind(Box::new(format!("job {} cannot be done", job.number)))
    }

    async fn on_dead_letter(
        &self,
        _conn: &mut AsyncPgConnection,
        _job: Impossible,
        _letter: &DeadLetter,
    ) -> Result<(), JobError> {
        Ok(())
    }
}

/// A worker within this process, with the product's handlers and one that panics.
fn worker_that_panics(run: &ScenarioRun) -> Result<Worker> {
    let environment = run.worker_environment().into_iter().map(|(key, value)| (key.to_owned(), value));
    let settings = WorkerSettings::from_map(&environment.collect())?;
    let handlers = build_handlers(&settings, Arc::new(SystemClock), MailRate::unlimited())?.with(Panics);
    let pool = rubis_db::connect(&run.setup.database_url, 10)?;
    let redis = rubis_runtime::redis::pool(&settings.redis, 10)?;
    let queue = Queue::Relances;
    let runner = QueueRunner::new(queue, queue_settings(&settings, queue), pool, redis, handlers);
    Ok(Worker::new().with(runner))
}

pub(super) async fn handler_panics(run: &mut ScenarioRun) -> Result<Report> {
    let mut ids = HashSet::new();
    let mut conn = run.database.pool.get().await?;
    for (number, organization) in run.setup.organizations.iter().cycle().enumerate().take(JOBS) {
        let job = Impossible { organization: organization.id, number };
        ids.insert(job.id().to_string());
        rubis_jobs::enqueue(&mut conn, &job, run.now() + LEAD, run.now()).await?;
    }
    drop(conn);
    let (stop, stopping) = watch::channel(false);
    let working = tokio::spawn(worker_that_panics(run)?.run(stopping));
    run.database.quiet(None, QUIET).await?;
    let mut report = finish(run, &Expected { jobs_left: ids.clone(), ..Expected::default() }).await?;
    let left = run.database.jobs_left().await?;
    let is_dead = |id: &String| {
        left.get(id).is_some_and(|job| {
            job.state == "dead"
                && job.attempts == i32::try_from(ATTEMPTS).unwrap_or_default()
                && job.last_error.as_deref().is_some_and(|error| error.contains("panicked"))
        })
    };
    report.expect(ids.iter().all(is_dead), "a job whose handler panics is not among the dead letters");
    report
        .note(format!("{JOBS} jobs panicked {ATTEMPTS} times each, beside the reminders of the same worker"));
    stop.send_replace(true);
    working.await?;
    Ok(report)
}

/// A newer release adds a field, which is passed over; it writes payloads and kinds that this release
/// does not understand, which wait for a worker that does and lose no attempt.
pub(super) async fn newer_release(run: &mut ScenarioRun) -> Result<Report> {
    let (more, others) = (run.some(JOBS), run.due.iter().rev().step_by(7).take(JOBS));
    let other: Vec<String> = others.filter(|one| !more.contains(one)).map(Due::job).collect();
    let more: Vec<String> = more.iter().map(Due::job).collect();
    let listed = |ids: &[String]| ids.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", ");
    run.database
        .execute(&format!(
            "UPDATE jobs SET payload = payload || '{{\"priority\": \"high\"}}' WHERE id IN ({});
             UPDATE jobs SET payload = jsonb_build_object('version', 2, 'before', payload) WHERE id IN ({});
             INSERT INTO jobs (id, queue, payload, run_at, created_at)
             SELECT 'forecast:' || number, 'relances', '{{}}', clock_timestamp(), clock_timestamp()
             FROM generate_series(1, {JOBS}) AS number",
            listed(&more),
            listed(&other)
        ))
        .await?;
    let _worker = run.worker().start()?;
    let left = run
        .database
        .wait_for("only jobs that are not understood are left, and wait", QUIET, |left| {
            left.len() == other.len() + JOBS
                && left
                    .values()
                    .all(|job| job.state == "scheduled" && job.attempts == 0 && job.last_error.is_some())
        })
        .await?;

    // The newer release is rolled back: what it wrote is put right, and comes in its time.
    let forecasts: HashSet<String> = left.into_keys().filter(|id| id.starts_with("forecast:")).collect();
    run.database.execute("UPDATE jobs SET payload = payload->'before' WHERE payload ? 'before'").await?;
    run.database.quiet(Some(&other), QUIET).await?;
    let mut report = run.report(&Expected { jobs_left: forecasts, ..Expected::default() }).await?;
    report.note(format!(
        "{} payloads and {JOBS} kinds that were not understood waited, no attempt lost",
        other.len()
    ));
    Ok(report)
}
