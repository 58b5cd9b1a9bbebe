//! Serves queues until the process is told to stop.

use std::sync::Arc;

use rubis_composition::Process;
use rubis_jobs::Queue;
use rubis_kernel::{SharedClock, SystemClock};
use rubis_queue::{Ends, Handlers, QueueRunner, Worker, supervise};
use rubis_runtime::{MailRate, WorkerSettings};
use secrecy::ExposeSecret;
use tokio::sync::watch;

use crate::{
    handlers::{HandlerParts, handlers},
    housekeeping::run_housekeeping,
    wiring::{
        account_parts, billing_parts, checkin_parts, mail_rate, mailer_settings, queue_settings, sender,
        sending_limits,
    },
};

/// Connections to Redis beside one for each job that runs: the feeders, the claims, the metrics.
const SPARE_CONNECTIONS: usize = 8;

/// Connections to PostgreSQL for nothing but leases: renewing all of a queue is one statement.
const LEASE_CONNECTIONS: u32 = 1;

/// Errors of starting the worker.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No mailer can be made from the settings.
    #[error(transparent)]
    Mailer(#[from] rubis_mailer::MailerError),
    /// The key of Stripe or its address can't be used.
    #[error(transparent)]
    Stripe(#[from] rubis_stripe::StripeError),
    /// The database's address cannot be used.
    #[error("DATABASE_URL: {0}")]
    Database(#[from] rubis_db::AddressError),
    /// Redis' address is not one.
    #[error(transparent)]
    Redis(#[from] rubis_runtime::redis::RedisPoolError),
}

/// The handlers of every kind of job, as the settings say. Nothing is connected yet.
///
/// # Errors
/// [`ServeError`] if the settings of the mail server or of Stripe cannot be used.
pub fn build_handlers(
    settings: &WorkerSettings,
    clock: SharedClock,
    rate: MailRate,
) -> Result<Handlers, ServeError> {
    let mailer =
        rubis_mailer::build(mailer_settings(&settings.mail, settings.worker.concurrency), clock.clone())?;
    Ok(handlers(HandlerParts {
        mailer,
        rate: Arc::new(rate),
        sender: sender(&settings.mail),
        limits: sending_limits(settings),
        accounts: account_parts(settings),
        checkins: checkin_parts(settings),
        billing: billing_parts(settings, clock)?,
    }))
}

/// Serves these queues until the process is told to stop, and returns when what was running has
/// finished or was put back.
///
/// # Errors
/// [`ServeError`], before anything is served.
pub async fn serve(settings: &WorkerSettings, queues: &[Queue], process: Process) -> Result<(), ServeError> {
    let clock: SharedClock = Arc::new(SystemClock);
    let url = settings.postgres.url.expose_secret();
    let pool = rubis_db::connect(url, settings.postgres.pool_size)?;
    let lease_pool = rubis_db::connect(url, LEASE_CONNECTIONS)?;
    let redis = rubis_runtime::redis::pool(&settings.redis, settings.worker.concurrency + SPARE_CONNECTIONS)?;
    let handlers = build_handlers(settings, clock.clone(), mail_rate(settings, redis.clone()))?;

    let Process { metrics, shutdown } = process;
    rubis_queue::metrics::describe();
    tokio::spawn(supervise("process", "metrics", Ends::WhenDone, {
        let shutdown = shutdown.clone();
        move || metrics.clone().maintain(shutdown.clone())
    }));
    tokio::spawn(supervise("process", "housekeeping", Ends::WhenDone, {
        let (pool, shutdown) = (pool.clone(), shutdown.clone());
        move || run_housekeeping(pool.clone(), clock.clone(), shutdown.clone())
    }));

    let mut worker = Worker::new();
    for queue in queues {
        let runner = QueueRunner::new(
            *queue,
            queue_settings(settings, *queue),
            pool.clone(),
            redis.clone(),
            handlers.clone(),
        );
        worker = worker.with(runner.renewing_on(lease_pool.clone()));
    }
    tracing::info!(
        queues = queues.iter().map(|queue| queue.as_str()).collect::<Vec<_>>().join(","),
        concurrency = settings.worker.concurrency,
        "worker started",
    );
    let (stop, stopping) = watch::channel(false);
    let wish = shutdown.clone();
    tokio::spawn(async move {
        wish.requested().await;
        stop.send_replace(true);
        // Kept: a watch whose sender is gone reads as a wish to stop as well, and as an error.
        std::future::pending::<()>().await;
    });
    worker.run(stopping).await;
    tracing::info!("worker stopped");
    Ok(())
}
