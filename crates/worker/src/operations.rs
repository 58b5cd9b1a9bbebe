//! Commands for dead letters: list, show, retry, drop.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use rubis_db::{AsyncConnection, AsyncPgConnection};
use rubis_jobs::{DeadLetterFilter, JobError, JobId, JobRow, JobState, Payload, Queue};
use rubis_kernel::MailFailure;
use rubis_queue::{DeadLetter, DeadLetterCause, Handlers};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Number of jobs that are read at once to be dropped.
const BATCH: u32 = 500;

/// The commands below `rubis-worker jobs`.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// Lists the jobs that were given up: dead letters and quarantined ones.
    List {
        /// The queue.
        #[arg(long, default_value = "relances")]
        queue: Queue,
        /// Only those whose id or last error contains this.
        #[arg(long)]
        search: Option<String>,
        /// Only those after this id, as the last line of the page before names it.
        #[arg(long)]
        after: Option<JobId>,
        /// At most this many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// Shows everything about a job, in whatever state.
    Show {
        /// Its id, as `relance:0193…`.
        id: JobId,
    },
    /// Runs given-up jobs again, at once and with all their attempts.
    Retry(Which),
    /// Forgets given-up jobs.
    Drop(Which),
}

/// Selection of dead letters.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct Which {
    /// Their ids.
    #[arg(conflicts_with = "all")]
    ids: Vec<JobId>,
    /// All of the queue.
    #[arg(long)]
    all: bool,
    /// The queue, with `--all`.
    #[arg(long, default_value = "relances")]
    queue: Queue,
}

/// Errors of a command.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// There is no such job, or it was not given up.
    #[error("{0} is not a job that was given up")]
    NotDead(JobId),
    /// There is no such job.
    #[error("there is no job {0}: finished jobs leave nothing behind")]
    Unknown(JobId),
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(#[from] diesel::result::Error),
    /// The domain of a job could not record that it is dropped.
    #[error("{0} is not dropped, because its dead-letter callback failed: {1}")]
    Callback(JobId, JobError),
    /// The output could not be written.
    #[error("the output could not be written: {0}")]
    Output(#[from] io::Error),
}

/// Carries a command out and writes what it finds for a person to read. What is dropped is reported to its domain by
/// these handlers.
///
/// # Errors
/// [`OperationError`]; with several ids, those before the one that is named were done.
pub async fn operate(
    command: JobsCommand,
    conn: &mut AsyncPgConnection,
    handlers: &Handlers,
    out: &mut (impl Write + Send),
    now: OffsetDateTime,
) -> Result<(), OperationError> {
    match command {
        JobsCommand::List { queue, search, after, limit } => {
            let filter = DeadLetterFilter { queue, search: search.as_deref(), after: after.as_ref(), limit };
            let dead = rubis_jobs::list_dead(conn, filter).await?;
            for job in &dead {
                write_line(out, job)?;
            }
            match dead.last() {
                None => writeln!(out, "No job of the queue {queue} was given up.")?,
                Some(last) if dead.len() >= usize::try_from(limit).unwrap_or(usize::MAX) => {
                    writeln!(out, "There may be more: --after {}", last.id)?;
                }
                Some(_) => {}
            }
            Ok(())
        }
        JobsCommand::Show { id } => {
            let job = rubis_jobs::find(conn, &id).await?.ok_or(OperationError::Unknown(id))?;
            write_whole(out, &job)
        }
        JobsCommand::Retry(which) => {
            let retried = if which.all {
                rubis_jobs::retry_all_dead(conn, which.queue, None).await?
            } else {
                let done = rubis_jobs::retry_dead(conn, &which.ids, None).await?;
                check_all(&which.ids, &done)?;
                done
            };
            write_done(out, "runs again", &retried)
        }
        JobsCommand::Drop(which) if which.all => {
            let mut dropped = Vec::new();
            loop {
                let filter = DeadLetterFilter { queue: which.queue, search: None, after: None, limit: BATCH };
                let dead = rubis_jobs::list_dead(conn, filter).await?;
                if dead.is_empty() {
                    return write_done(out, "dropped", &dropped);
                }
                dropped.append(&mut drop_jobs(conn, handlers, &dead, now).await?);
            }
        }
        JobsCommand::Drop(which) => {
            let found = rubis_jobs::find_many(conn, &which.ids).await?;
            let dropped = drop_jobs(conn, handlers, &found, now).await?;
            check_all(&which.ids, &dropped)?;
            write_done(out, "dropped", &dropped)
        }
    }
}

/// Drops those of these jobs that were given up, and calls their dead-letter callbacks in the same transaction:
/// what waits for a job would otherwise wait for ever. Each has a transaction of its own, in which the rows of the
/// domain are locked before the job, as everywhere.
async fn drop_jobs(
    conn: &mut AsyncPgConnection,
    handlers: &Handlers,
    jobs: &[JobRow],
    now: OffsetDateTime,
) -> Result<Vec<JobId>, OperationError> {
    let mut dropped = Vec::new();
    for job in jobs.iter().filter(|job| job.state == JobState::Dead) {
        let letter = DeadLetter {
            job_id: job.id.clone(),
            cause: DeadLetterCause::Dropped,
            organization: job.organization,
            error: job.last_error.clone().unwrap_or_default(),
            failure: MailFailure::Internal,
            attempts: job.attempts,
            now,
        };
        let gone = conn
            .transaction(async |conn| {
                match handlers.dead_letter(conn, &Payload::from(&job.payload), &letter).await {
                    // A payload that is not understood belongs to something that this release cannot know.
                    Ok(()) | Err(JobError::Unreadable { .. }) => {}
                    Err(error) => return Err(OperationError::Callback(job.id.clone(), error)),
                }
                // Somebody may have run it again meanwhile: then nothing of this is kept.
                let gone = rubis_jobs::drop_dead(conn, std::slice::from_ref(&job.id)).await?;
                gone.into_iter().next().ok_or_else(|| OperationError::NotDead(job.id.clone()))
            })
            .await?;
        dropped.push(gone);
    }
    Ok(dropped)
}

fn check_all(asked: &[JobId], done: &[JobId]) -> Result<(), OperationError> {
    match asked.iter().find(|id| !done.contains(id)) {
        Some(id) => Err(OperationError::NotDead(id.clone())),
        None => Ok(()),
    }
}

fn write_line(out: &mut impl Write, job: &JobRow) -> Result<(), OperationError> {
    let error = job.last_error.as_deref().unwrap_or("-").replace('\n', " ");
    writeln!(
        out,
        "{}\tdue {}\tattempts {}\tcrashes {}\t{error}",
        job.id,
        instant(job.run_at),
        job.attempts,
        job.crashes
    )?;
    Ok(())
}

fn write_whole(out: &mut impl Write, job: &JobRow) -> Result<(), OperationError> {
    let organization = job.organization.map_or_else(|| "-".to_owned(), |id| id.to_string());
    writeln!(out, "id            {}", job.id)?;
    writeln!(out, "queue         {}", job.queue)?;
    writeln!(out, "state         {}", job.state.as_str())?;
    writeln!(out, "organization  {organization}")?;
    writeln!(out, "due           {}", instant(job.run_at))?;
    writeln!(out, "written       {}", instant(job.created_at))?;
    writeln!(out, "attempts      {}", job.attempts)?;
    writeln!(out, "crashes       {}", job.crashes)?;
    if let Some(until) = job.lease_until {
        writeln!(out, "leased until  {}", instant(until))?;
    }
    writeln!(out, "last error    {}", job.last_error.as_deref().unwrap_or("-"))?;
    writeln!(out, "payload       {}", job.payload)?;
    Ok(())
}

fn write_done(out: &mut impl Write, what: &str, ids: &[JobId]) -> Result<(), OperationError> {
    for id in ids {
        writeln!(out, "{id} {what}")?;
    }
    writeln!(out, "{} job(s)", ids.len())?;
    Ok(())
}

fn instant(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
