//! A job whose payload says how it goes, and a stage to run it on.

use std::time::Duration;

use async_trait::async_trait;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text},
};
use diesel_async::{AsyncConnection as _, RunQueryDsl, SimpleAsyncConnection};
use rubis_db::AsyncPgConnection;
use rubis_jobs::{Enqueued, Job, JobError, JobId, JobRow, Queue, RetryPolicy};
use rubis_kernel::OrganizationId;
use rubis_queue::{
    DeadLetter, DeadLetterCause, DueIndex, Finished, Handler, Handlers, IndexedJob, Jitter, JobContext,
    QueueRunner, QueueSettings, RedisPool,
};
use rubis_testkit::{TestDatabase, TestRedis};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, macros::datetime};

pub const START: OffsetDateTime = datetime!(2027-03-01 09:00 UTC);
pub const QUEUE: Queue = Queue::Relances;
pub const LEASE: Duration = Duration::from_secs(10);

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Course of a probe.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Course {
    /// It records its effect and its end in one transaction.
    Record,
    /// It has nothing to record.
    Nothing,
    /// Its first attempts fail.
    FailTimes(u32),
    /// It cannot be done.
    Impossible,
    /// It cannot be done, and its domain will not hear of it.
    ImpossibleUnheard,
    /// It cannot be done, and its domain is busy when it is told.
    ImpossibleUntold,
    /// It cannot be done, and its dead-letter callback has a bug.
    ImpossiblePanics,
    /// It cannot be done, and its dead-letter callback never ends.
    ImpossibleStuck,
    /// Its handler has a bug.
    Panic,
    /// Its connection to the database is cut at the first attempt.
    CutOff,
    /// Another worker takes it while it runs.
    LoseLease,
    /// It never ends.
    Endless,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Probe {
    pub key: u32,
    pub generation: u32,
    pub course: Course,
    pub organization: Option<OrganizationId>,
}

impl Job for Probe {
    const KIND: &'static str = "probe";
    const QUEUE: Queue = QUEUE;
    const RETRY: RetryPolicy = RetryPolicy {
        max_attempts: 3,
        first_delay: Duration::from_secs(10),
        max_delay: Duration::from_secs(60),
    };

    fn id(&self) -> JobId {
        id(self.key)
    }

    fn organization(&self) -> Option<OrganizationId> {
        self.organization
    }
}

pub fn id(key: u32) -> JobId {
    JobId::new(Probe::KIND, key)
}

pub fn probe(key: u32, course: Course) -> Probe {
    Probe { key, generation: 0, course, organization: None }
}

/// A job of an organization as Redis knows it.
pub fn indexed(key: u32, organization: Option<OrganizationId>) -> IndexedJob {
    IndexedJob { id: id(key), organization }
}

pub struct ProbeHandler {
    /// Hears of each job that begins.
    pub began: Option<tokio::sync::mpsc::UnboundedSender<u32>>,
}

async fn note(conn: &mut AsyncPgConnection, probe: &Probe, what: &str) -> diesel::QueryResult<()> {
    diesel::sql_query("INSERT INTO effects (key, generation, what) VALUES ($1, $2, $3)")
        .bind::<BigInt, _>(i64::from(probe.key))
        .bind::<BigInt, _>(i64::from(probe.generation))
        .bind::<Text, _>(what)
        .execute(conn)
        .await
        .map(|_| ())
}

async fn record(context: &JobContext, probe: &Probe) -> Result<Finished, JobError> {
    let mut conn = context.pool.get().await?;
    conn.transaction(async |conn| {
        note(conn, probe, "done").await?;
        Ok::<_, JobError>(context.lease.finish(conn).await?)
    })
    .await?;
    Ok(Finished::Recorded)
}

#[async_trait]
impl Handler for ProbeHandler {
    type Job = Probe;

    async fn run(&self, context: JobContext, job: Probe) -> Result<Finished, JobError> {
        if let Some(began) = &self.began {
            began.send(job.key).unwrap();
        }
        match job.course {
            Course::Record => record(&context, &job).await,
            Course::Nothing => Ok(Finished::Unrecorded),
            Course::FailTimes(times) if context.lease.attempts < times => Err(JobError::retry("not yet")),
            Course::FailTimes(_) => record(&context, &job).await,
            Course::Impossible
            | Course::ImpossibleUnheard
            | Course::ImpossibleUntold
            | Course::ImpossiblePanics
            | Course::ImpossibleStuck => Err(JobError::fail("impossible")),
            Course::Panic => panic!("a bug"),
            Course::CutOff => {
                let mut conn = context.pool.get().await?;
                if context.now == START {
                    conn.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())").await?;
                }
                drop(conn);
                record(&context, &job).await
            }
            Course::LoseLease => {
                let mut conn = context.pool.get().await?;
                rubis_jobs::release(&mut conn, std::slice::from_ref(&context.lease)).await?;
                rubis_jobs::claim(&mut conn, QUEUE, &[job.id()], LEASE, Some(context.now)).await?;
                drop(conn);
                record(&context, &job).await
            }
            Course::Endless => std::future::pending().await,
        }
    }

    async fn on_dead_letter(
        &self,
        conn: &mut AsyncPgConnection,
        job: Probe,
        letter: &DeadLetter,
    ) -> Result<(), JobError> {
        let what = match letter.cause {
            DeadLetterCause::Quarantined => "quarantined",
            DeadLetterCause::Failed | DeadLetterCause::Dropped => "dead",
        };
        let (attempts, failure) = (letter.attempts, letter.failure.code());
        note(conn, &job, &format!("{what} after {attempts}: {} ({failure})", letter.error)).await?;
        match job.course {
            Course::ImpossibleUnheard => Err(JobError::fail("unheard")),
            Course::ImpossibleUntold => Err(JobError::retry("busy")),
            Course::ImpossiblePanics => panic!("a bug"),
            Course::ImpossibleStuck => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

/// A database, a part of Redis, and what happened.
pub struct TestQueue {
    pub database: TestDatabase,
    pub redis: TestRedis,
}

#[derive(QueryableByName)]
struct Effect {
    #[diesel(sql_type = BigInt)]
    key: i64,
    #[diesel(sql_type = BigInt)]
    generation: i64,
    #[diesel(sql_type = Text)]
    what: String,
}

impl TestQueue {
    pub async fn create() -> Self {
        let database = TestDatabase::create().await;
        database.execute_as_owner("CREATE TABLE effects (key bigint, generation bigint, what text)").await;
        Self { database, redis: TestRedis::create() }
    }

    pub fn settings(&self) -> QueueSettings {
        QueueSettings { prefix: self.redis.prefix.clone(), ..QueueSettings::default() }
    }

    pub fn runner(&self) -> QueueRunner {
        self.runner_with(self.settings())
    }

    pub fn runner_with(&self, settings: QueueSettings) -> QueueRunner {
        self.runner_on(settings, self.redis.pool.clone(), ProbeHandler { began: None })
    }

    pub fn runner_on(&self, settings: QueueSettings, redis: RedisPool, handler: ProbeHandler) -> QueueRunner {
        let handlers = Handlers::new().with(handler);
        QueueRunner::with_jitter(
            QUEUE,
            settings,
            self.database.pool.clone(),
            redis,
            handlers,
            Jitter::seeded(1),
        )
    }

    pub fn index(&self) -> DueIndex {
        DueIndex::new(QUEUE, self.redis.pool.clone(), &self.redis.prefix)
    }

    pub async fn enqueue(&self, key: u32, course: Course, run_at: OffsetDateTime) -> Enqueued {
        self.enqueue_probe(&probe(key, course), run_at, START).await
    }

    pub async fn enqueue_probe(
        &self,
        probe: &Probe,
        run_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Enqueued {
        let mut conn = self.database.pool.get().await.unwrap();
        rubis_jobs::enqueue(&mut conn, probe, run_at, now).await.unwrap()
    }

    pub async fn cancel(&self, key: u32) -> bool {
        let mut conn = self.database.pool.get().await.unwrap();
        rubis_jobs::cancel(&mut conn, &[id(key)]).await.unwrap() == [id(key)]
    }

    pub async fn find(&self, key: u32) -> Option<JobRow> {
        let mut conn = self.database.pool.get().await.unwrap();
        rubis_jobs::find(&mut conn, &id(key)).await.unwrap()
    }

    pub async fn row(&self, key: u32) -> JobRow {
        self.find(key).await.expect("the job exists")
    }

    /// Returns the number of jobs in the table, in any state.
    pub async fn jobs_left(&self) -> i64 {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let mut conn = self.database.pool.get().await.unwrap();
        let row: Count =
            diesel::sql_query("SELECT count(*) AS count FROM jobs").get_result(&mut conn).await.unwrap();
        row.count
    }

    /// The keys of the jobs that a worker holds.
    pub async fn running(&self) -> Vec<u32> {
        #[derive(QueryableByName)]
        struct Key {
            #[diesel(sql_type = BigInt)]
            key: i64,
        }
        let mut conn = self.database.pool.get().await.unwrap();
        let rows: Vec<Key> = diesel::sql_query(
            "SELECT (payload->>'key')::bigint AS key FROM jobs WHERE state = 'running' ORDER BY 1",
        )
        .load(&mut conn)
        .await
        .unwrap();
        rows.into_iter().map(|row| u32::try_from(row.key).unwrap()).collect()
    }

    /// Returns the effects that handlers recorded: the job's key, its payload's generation, and the effect.
    pub async fn effects(&self) -> Vec<(u32, u32, String)> {
        let mut conn = self.database.pool.get().await.unwrap();
        let rows: Vec<Effect> =
            diesel::sql_query("SELECT key, generation, what FROM effects ORDER BY 1, 2, 3")
                .load(&mut conn)
                .await
                .unwrap();
        let number = |number| u32::try_from(number).unwrap();
        rows.into_iter().map(|row| (number(row.key), number(row.generation), row.what)).collect()
    }

    /// The keys of the jobs that were done, each as often as it was.
    pub async fn done(&self) -> Vec<u32> {
        self.effects()
            .await
            .into_iter()
            .filter(|(_, _, what)| what == "done")
            .map(|(key, _, _)| key)
            .collect()
    }

    pub async fn execute(&self, sql: &str) {
        self.database.pool.get().await.unwrap().batch_execute(sql).await.unwrap();
    }

    pub async fn organization(&self) -> OrganizationId {
        let organization = OrganizationId::new();
        self.execute(&format!(
            "INSERT INTO organizations (id, name, created_at, updated_at) VALUES ('{organization}', 'Test', now(), now())"
        ))
        .await;
        organization
    }
}

/// A worker that claims the one job that is due, begins it, and dies.
pub async fn die_running(queue_under_test: &TestQueue, now: OffsetDateTime) {
    let (sender, mut began) = tokio::sync::mpsc::unbounded_channel();
    let handler = ProbeHandler { began: Some(sender) };
    let worker =
        queue_under_test.runner_on(queue_under_test.settings(), queue_under_test.redis.pool.clone(), handler);
    worker.feed_once(now).await.unwrap();
    tokio::select! {
        ended = worker.run_batch(now) => panic!("the job does not end: {ended:?}"),
        key = began.recv() => assert!(key.is_some()),
    }
}

/// Polls the future at most `polls` times and then drops it where it stands, as a crash would.
pub async fn cut_off<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        left = left.saturating_sub(1);
        match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
            std::task::Poll::Pending if left == 0 => std::task::Poll::Ready(None),
            std::task::Poll::Pending => std::task::Poll::Pending,
        }
    })
    .await
}
