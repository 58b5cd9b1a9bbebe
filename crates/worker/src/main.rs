//! `rubis-worker`: runs the jobs of the queues, and lets operations look after them.

use std::{io::Write, process::ExitCode, sync::Arc};

use clap::{Parser, Subcommand};
use rubis_composition::{Process, describe_failure, install_tls};
use rubis_jobs::Queue;
use rubis_kernel::{Clock, SystemClock};
use rubis_runtime::{MailRate, WorkerSettings};
use rubis_worker::{
    build_handlers,
    operations::{JobsCommand, operate},
    serve,
};
use secrecy::ExposeSecret;

/// Runs the jobs of the queues. Settings come from the environment; see docs/configuration.md.
#[derive(Debug, Parser)]
#[command(name = "rubis-worker", version)]
struct Arguments {
    /// The queues to serve, comma separated, in place of WORKER_QUEUES; all of them without either.
    #[arg(long, value_delimiter = ',', global = true)]
    queues: Option<Vec<Queue>>,
    /// Number of jobs of each queue that run at once, in place of WORKER_CONCURRENCY.
    #[arg(long, global = true, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    concurrency: Option<u16>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Looks after the jobs that were given up.
    #[command(subcommand)]
    Jobs(JobsCommand),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut stderr = std::io::stderr();
            // Nothing is left to do when even that can't be written.
            drop(writeln!(stderr, "rubis-worker: {}", describe_failure(error.as_ref())));
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let mut settings = WorkerSettings::load()?;
    if let Some(concurrency) = arguments.concurrency {
        settings.worker.concurrency = concurrency.into();
    }
    if let Some(Command::Jobs(command)) = arguments.command {
        install_tls();
        let mut conn = rubis_db::establish(settings.postgres.url.expose_secret()).await?;
        let handlers = build_handlers(&settings, Arc::new(SystemClock), MailRate::unlimited())?;
        operate(command, &mut conn, &handlers, &mut std::io::stdout(), SystemClock.now()).await?;
        return Ok(());
    }
    let queues = match (arguments.queues, &settings.worker.queues) {
        (Some(queues), _) => queues,
        (None, Some(names)) => names
            .iter()
            .map(|name| name.parse::<Queue>().map_err(|error| format!("WORKER_QUEUES: {error}")))
            .collect::<Result<_, _>>()?,
        (None, None) => Queue::ALL.to_vec(),
    };
    let queues = with_upkeep(queues);
    let process = Process::start("rubis-worker", &settings.process).await?;
    Ok(serve(&settings, &queues, process).await?)
}

/// Adds the upkeep of check-ins to their mails: settings that were written when both were one queue name only that one.
fn with_upkeep(mut queues: Vec<Queue>) -> Vec<Queue> {
    if queues.contains(&Queue::Checkins) && !queues.contains(&Queue::CheckinUpkeep) {
        queues.push(Queue::CheckinUpkeep);
    }
    queues
}
