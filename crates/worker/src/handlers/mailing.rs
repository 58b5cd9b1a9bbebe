//! Sends a mail for a job: claims it, hands it to the mail server, records how that went.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use rubis_db::{AsyncPgConnection, PoolError};
use rubis_jobs::{FinishError, Job, JobError};
use rubis_kernel::{Email, MailFailure, RenderError};
use rubis_mailer::{Mailer, SendError};
use rubis_queue::{Death, Finished, Handler, JobContext};
use time::OffsetDateTime;

/// How long nothing is sent after the mail server refused us.
const REFUSAL_PAUSE: Duration = Duration::from_secs(60);

/// How often, and how long apart, recording a sent mail is tried before the job is left to the end
/// of its lease.
const RECORD_TRIES: u32 = 40;
const RECORD_PAUSE: Duration = Duration::from_millis(250);

/// A kind of job that is one mail: what is to be sent, and what its domain is told of how that went.
#[async_trait]
pub trait Mailing: Send + Sync + 'static {
    /// The kind.
    type Job: Job;

    /// Decides in one transaction what is to be sent. Where it is nothing, that is recorded and the job is
    /// finished. The connection is its own, so that none is held while somebody else is asked.
    async fn claim(&self, context: &JobContext, job: &Self::Job) -> Result<Option<Email>, JobError>;

    /// Records that the mail server took the mail at an instant, and finishes the job.
    async fn record_sent(
        &self,
        conn: &mut AsyncPgConnection,
        context: &JobContext,
        job: &Self::Job,
        sent_at: OffsetDateTime,
    ) -> Result<(), FinishError>;

    /// Records that the mail server did not take the mail this time, where anybody wants to know.
    async fn record_not_sent_yet(
        &self,
        _conn: &mut AsyncPgConnection,
        _context: &JobContext,
        _job: &Self::Job,
    ) -> Result<(), FinishError> {
        Ok(())
    }

    /// Records that the mail is given up, in the transaction that makes the job a dead letter, where anybody
    /// wants to know.
    async fn record_given_up(
        &self,
        _conn: &mut AsyncPgConnection,
        _job: &Self::Job,
        _given_up: GivenUp<'_>,
    ) -> Result<(), diesel::result::Error> {
        Ok(())
    }
}

/// Why and when a mail was given up.
#[derive(Clone, Copy, Debug)]
pub struct GivenUp<'a> {
    /// The last failure.
    pub failure: &'a MailFailure,
    /// When the last attempt was claimed.
    pub now: OffsetDateTime,
}

/// The end of the job of a mail that cannot be written: the next attempt would write the same.
pub(super) fn not_written(error: &RenderError) -> JobError {
    JobError::fail(error).because(MailFailure::from(error))
}

/// The way to the mail server, which all mails share: when it refuses us, it refuses them all.
pub struct Outbox {
    mailer: Arc<dyn Mailer>,
    /// Until when nothing is sent, as Unix time: the mail server refuses us, whatever we send.
    refused_until: AtomicI64,
}

impl Outbox {
    /// Over this mailer.
    pub fn new(mailer: Arc<dyn Mailer>) -> Self {
        Self { mailer, refused_until: AtomicI64::new(0) }
    }

    /// While the mail server refuses us, the few mails that run at once find out each minute whether
    /// it still does, and all others wait without asking: a server that is asked thousands of times with
    /// a wrong password shuts us out.
    fn check_not_refused(&self, now: OffsetDateTime) -> Result<(), JobError> {
        let wait = self.refused_until.load(Ordering::Relaxed) - now.unix_timestamp();
        match u64::try_from(wait) {
            Ok(seconds) if seconds > 0 => Err(JobError::interrupted(
                "the mail server does not take our mails",
                Some(Duration::from_secs(seconds)),
            )),
            _ => Ok(()),
        }
    }

    /// How the job of a mail goes on that was not taken this time.
    fn put_off(&self, error: &SendError, now: OffsetDateTime) -> JobError {
        match error {
            // The server refuses us, not this mail: it waits until that is mended.
            SendError::Configuration { .. } => {
                let until = now + REFUSAL_PAUSE;
                self.refused_until.store(until.unix_timestamp(), Ordering::Relaxed);
                JobError::interrupted(error, Some(REFUSAL_PAUSE))
            }
            SendError::Transient { retry_after: Some(wait), .. } => {
                JobError::retry_after(error, *wait).because(error.failure())
            }
            _ => JobError::retry(error).because(error.failure()),
        }
    }
}

/// Handles a kind of job that is one mail.
pub struct MailHandler<M> {
    mailing: M,
    outbox: Arc<Outbox>,
}

impl<M: Mailing> MailHandler<M> {
    /// Sends this kind of mails that way.
    pub const fn new(mailing: M, outbox: Arc<Outbox>) -> Self {
        Self { mailing, outbox }
    }

    async fn not_sent(
        &self,
        context: &JobContext,
        job: &M::Job,
        error: &SendError,
    ) -> Result<Finished, JobError> {
        if error.is_final() {
            return Err(JobError::fail(error).because(error.failure()));
        }
        let mut conn = context.pool.get().await?;
        self.mailing.record_not_sent_yet(&mut conn, context, job).await?;
        Err(self.outbox.put_off(error, context.now))
    }

    /// Records that the mail left. It did, so a database that is away for a moment is waited for: to
    /// give up at once would send the same mail a second time.
    async fn record_until_it_is(
        &self,
        context: &JobContext,
        job: &M::Job,
        sent_at: OffsetDateTime,
    ) -> Result<(), JobError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.record(context, job, sent_at).await {
                Ok(()) => return Ok(()),
                Err(RecordError::Finish(FinishError::LeaseLost)) => return Err(JobError::LeaseLost),
                Err(error) if tries == RECORD_TRIES => {
                    tracing::error!(job = %job.id(), %error, "a sent mail could not be recorded");
                    return Err(JobError::LeaseLost);
                }
                Err(error) => {
                    tracing::warn!(job = %job.id(), %error, "a sent mail is not recorded yet");
                    tokio::time::sleep(RECORD_PAUSE).await;
                }
            }
        }
    }

    async fn record(
        &self,
        context: &JobContext,
        job: &M::Job,
        sent_at: OffsetDateTime,
    ) -> Result<(), RecordError> {
        let mut conn = context.pool.get().await?;
        Ok(self.mailing.record_sent(&mut conn, context, job, sent_at).await?)
    }
}

/// Why a sent mail could not be recorded yet.
#[derive(Debug, thiserror::Error)]
enum RecordError {
    #[error(transparent)]
    Pool(#[from] PoolError),
    #[error(transparent)]
    Finish(#[from] FinishError),
}

#[async_trait]
impl<M: Mailing> Handler for MailHandler<M> {
    type Job = M::Job;

    async fn run(&self, context: JobContext, job: M::Job) -> Result<Finished, JobError> {
        self.outbox.check_not_refused(context.now)?;
        let Some(email) = self.mailing.claim(&context, &job).await? else { return Ok(Finished::Recorded) };
        let started = Instant::now();
        match self.outbox.mailer.send(&email).await {
            Ok(receipt) => {
                // A server may take its time; only the database's clock and what passed here are believed.
                let waited = Duration::from_secs(started.elapsed().as_secs());
                self.record_until_it_is(&context, &job, context.now + waited).await?;
                tracing::info!(
                    job = %job.id(),
                    organization = job.organization().map(tracing::field::display),
                    message_id = email.message_id,
                    reference = receipt.reference,
                    "a mail was sent",
                );
                Ok(Finished::Recorded)
            }
            Err(error) => self.not_sent(&context, &job, &error).await,
        }
    }

    async fn on_dead(
        &self,
        conn: &mut AsyncPgConnection,
        job: M::Job,
        death: &Death,
    ) -> Result<(), JobError> {
        let given_up = GivenUp { failure: &death.failure, now: death.now };
        Ok(self.mailing.record_given_up(conn, &job, given_up).await?)
    }
}
