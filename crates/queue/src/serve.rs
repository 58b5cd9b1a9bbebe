//! One queue, served by the clock until the worker is told to stop.

use std::{future::pending, ops::ControlFlow, sync::Arc, time::Duration};

use rubis_jobs::ClaimedJob;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout},
};
use tracing::Instrument as _;

use crate::{QueueError, QueueRunner, execute::Completed, offers::BATCH, runner::Parts};

/// How many finished jobs may wait to be recorded before handlers wait for that.
const SETTLE_BACKLOG: usize = 1_000;

/// The pause before another try to record what could not be, and how long it is tried. By then the
/// leases have been lost, or Postgres is gone for longer than a restart.
const SETTLE_PAUSE: Duration = Duration::from_millis(500);
const SETTLE_PATIENCE: Duration = Duration::from_secs(60);

/// The pause of the claim loop when Postgres does not answer.
const OUTAGE_PAUSE: Duration = Duration::from_millis(500);

/// In a backlog, as many places as are worth a claim: a share of all, and how long they are waited
/// for. Without this a claim went out for the first place of a batch that ended, and another for the
/// rest (50, 49, 1, 49, 1 …): twice the scripts and statements for the same jobs.
const WORTH_A_CLAIM: usize = 2;
const GATHERING: Duration = Duration::from_millis(2);

/// When the feeder expects something to be due; none when it knows of nothing.
type Wake = Option<Instant>;

/// Serves the queue until `stop` turns true, then ends in good order: nothing new is claimed, what
/// runs may finish within the grace, what is left is put back.
pub(crate) async fn serve(runner: QueueRunner, stop: watch::Receiver<bool>) {
    let parts = runner.parts;
    let (wake_sender, wake) = watch::channel(Wake::None);
    let (completed, to_settle) = mpsc::channel(SETTLE_BACKLOG);
    let mut background = JoinSet::new();
    background.spawn(feed_by_the_clock(Arc::clone(&parts), wake_sender));
    background.spawn(renew_by_the_clock(Arc::clone(&parts)));
    background.spawn(measure_by_the_clock(Arc::clone(&parts)));
    let settling = tokio::spawn(settle_as_they_come(Arc::clone(&parts), to_settle));

    let (mut running, mut assisted) = (JoinSet::new(), JoinSet::new());
    let claims = Claims::new(&parts, completed);
    tokio::join!(claims.lead(wake, stop.clone(), &mut running), claims.assist(stop, &mut assisted));
    tracing::info!(queue = %parts.queue, running = running.len() + assisted.len(), "no more jobs are claimed");
    let drained = timeout(parts.settings.shutdown_grace, async {
        while running.join_next().await.is_some() || assisted.join_next().await.is_some() {}
    });
    if drained.await.is_err() {
        running.shutdown().await;
        assisted.shutdown().await;
    }
    drop(claims);
    if timeout(SETTLE_PATIENCE, settling).await.is_err() {
        tracing::error!(queue = %parts.queue, "finished jobs could not be recorded before the end");
    }
    if let Err(error) = parts.release().await {
        tracing::error!(queue = %parts.queue, %error, "running jobs were not put back; their leases will end");
    }
    background.shutdown().await;
}

/// Until the worker is told to stop, or nobody is left who could tell it.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// What the claim loops share.
struct Claims {
    parts: Arc<Parts>,
    all: usize,
    places: Arc<Semaphore>,
    /// More is due than there are places.
    backlog: watch::Sender<bool>,
    completed: mpsc::Sender<Completed>,
}

impl Claims {
    fn new(parts: &Arc<Parts>, completed: mpsc::Sender<Completed>) -> Self {
        let places = usize::try_from(parts.settings.concurrency.max(1)).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            parts: Arc::clone(parts),
            all: places,
            places: Arc::new(Semaphore::new(places)),
            backlog: watch::Sender::new(false),
            completed,
        }
    }

    /// Waits for places, claims as many jobs and starts them. Returns how long until it is worth asking
    /// again, none until the feeder says so; or that the worker is to stop. A claim that is under way
    /// then is not cut off: its jobs would wait for their leases to end.
    async fn claim(
        &self,
        stop: &mut watch::Receiver<bool>,
        running: &mut JoinSet<()>,
    ) -> ControlFlow<(), Option<Duration>> {
        // Only when more is due than there are places: a job that comes alone is never waited for.
        let worth = if *self.backlog.borrow() { self.all.div_ceil(WORTH_A_CLAIM).min(BATCH) } else { 1 };
        let free = tokio::select! {
            biased;
            () = stopped(stop) => return ControlFlow::Break(()),
            free = free_places(&self.places, worth) => free,
        };
        while running.try_join_next().is_some() {}
        let next = match self.parts.claim(free.len(), None).await {
            Ok(claim) => {
                let next = claim.next;
                for (job, place) in claim.jobs.into_iter().zip(free) {
                    running.spawn(run(Arc::clone(&self.parts), job, place, self.completed.clone()));
                }
                next
            }
            Err(error) => {
                tracing::warn!(queue = %self.parts.queue, %error, "jobs cannot be claimed");
                Some(OUTAGE_PAUSE)
            }
        };
        self.backlog.send_replace(next == Some(Duration::ZERO));
        ControlFlow::Continue(next)
    }

    /// Claims, and sleeps while nothing is due.
    async fn lead(
        &self,
        mut wake: watch::Receiver<Wake>,
        mut stop: watch::Receiver<bool>,
        running: &mut JoinSet<()>,
    ) {
        while let ControlFlow::Continue(next) = self.claim(&mut stop, running).await {
            if next != Some(Duration::ZERO) {
                tokio::select! {
                    () = stopped(&mut stop) => return,
                    () = rest(next.map(|next| Instant::now() + next), &mut wake) => {}
                }
            }
        }
    }

    /// Claims beside the leader for as long as there is a backlog: Redis finds the next jobs while
    /// Postgres writes the rows of those before.
    async fn assist(&self, mut stop: watch::Receiver<bool>, running: &mut JoinSet<()>) {
        let mut backlog = self.backlog.subscribe();
        loop {
            tokio::select! {
                () = stopped(&mut stop) => return,
                // The sender is this very struct's.
                _ = backlog.wait_for(|backlog| *backlog) => {}
            }
            if self.claim(&mut stop, running).await.is_break() {
                return;
            }
        }
    }
}

/// All places that are free, at least one and at most a batch. When the first is free, others are
/// waited for until there are as many as are `worth` a claim, but not for long.
async fn free_places(places: &Arc<Semaphore>, worth: usize) -> Vec<OwnedSemaphorePermit> {
    let mut free = Vec::new();
    // The semaphore is never closed.
    free.extend(Arc::clone(places).acquire_owned().await.ok());
    if worth > 1 {
        let others = u32::try_from(worth - 1).unwrap_or(u32::MAX);
        // They are taken one by one below: each job gives back a place of its own.
        let _ = timeout(GATHERING, places.acquire_many(others)).await;
    }
    while free.len() < BATCH
        && let Ok(place) = Arc::clone(places).try_acquire_owned()
    {
        free.push(place);
    }
    free
}

/// Sleeps until this instant, or an earlier one that the feeder names meanwhile.
async fn rest(mut until: Wake, wake: &mut watch::Receiver<Wake>) {
    loop {
        let sleeping = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = sleeping => return,
            changed = wake.changed() => {
                if changed.is_err() {
                    return sleep(OUTAGE_PAUSE).await;
                }
                let earlier = *wake.borrow_and_update();
                until = [until, earlier].into_iter().flatten().min();
            }
        }
    }
}

async fn run(
    parts: Arc<Parts>,
    job: ClaimedJob,
    place: OwnedSemaphorePermit,
    completed: mpsc::Sender<Completed>,
) {
    let span = tracing::info_span!("job", id = %job.lease.job_id, attempt = job.lease.attempts + 1);
    let ended = parts.execute(job).instrument(span).await;
    drop(place);
    // Nobody receives any more only when the worker is at its end, which puts back what is held.
    let _ = completed.send(ended).await;
}

/// Records what has ended, all that has come together in one go. What cannot be recorded is tried
/// again: Postgres may be restarting, and what a handler did should not be done twice for that.
async fn settle_as_they_come(parts: Arc<Parts>, mut completed: mpsc::Receiver<Completed>) {
    let mut batch = Vec::new();
    while completed.recv_many(&mut batch, SETTLE_BACKLOG).await > 0 {
        let deadline = Instant::now() + SETTLE_PATIENCE;
        while !batch.is_empty() {
            batch = parts.settle(batch, None).await.unsettled;
            if batch.is_empty() {
                break;
            }
            if Instant::now() >= deadline {
                tracing::error!(queue = %parts.queue, jobs = batch.len(), "finished jobs could not be recorded");
                parts
                    .held
                    .remove(batch.drain(..).map(|completed| completed.job.lease).collect::<Vec<_>>().iter());
            } else {
                sleep(SETTLE_PAUSE).await;
            }
        }
    }
}

/// Ticks that were missed are not made up for.
fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn feed_by_the_clock(parts: Arc<Parts>, wake: watch::Sender<Wake>) {
    let mut ticks = ticks(parts.settings.tick);
    let mut outage = Outage::default();
    loop {
        ticks.tick().await;
        // A page that was offered brings the next claim forward. What an earlier page said stands
        // until the step ends: the claim loop may not have seen it yet.
        let on_page = |due_in: Duration| {
            let due = Instant::now() + due_in;
            wake.send_modify(|wake| *wake = Some(wake.map_or(due, |earlier| earlier.min(due))));
        };
        let fed = parts.feed(false, None, &on_page).await;
        let next = match &fed {
            Ok(report) if report.redis_up => report.next.map(|next| Instant::now() + next),
            // The claim loop may be waiting for Redis.
            _ => Some(Instant::now()),
        };
        wake.send_replace(next);
        outage.note(&parts, "the calendar cannot be read", fed.as_ref().err());
    }
}

async fn renew_by_the_clock(parts: Arc<Parts>) {
    let mut ticks = ticks(parts.settings.heartbeat);
    let mut outage = Outage::default();
    loop {
        ticks.tick().await;
        let renewed = parts.renew().await;
        outage.note(&parts, "leases cannot be renewed", renewed.as_ref().err());
    }
}

async fn measure_by_the_clock(parts: Arc<Parts>) {
    let mut ticks = ticks(parts.settings.stats_every);
    let mut outage = Outage::default();
    loop {
        ticks.tick().await;
        let measured = parts.measure().await;
        outage.note(&parts, "the queue cannot be measured", measured.as_ref().err());
    }
}

/// Says once that something fails, and once that it works again.
#[derive(Default)]
struct Outage {
    lasts: bool,
}

impl Outage {
    fn note(&mut self, parts: &Parts, what: &str, failure: Option<&QueueError>) {
        match failure {
            None if self.lasts => tracing::info!(queue = %parts.queue, "over: {what}"),
            Some(error) if !self.lasts => tracing::warn!(queue = %parts.queue, %error, "{what}"),
            None | Some(_) => {}
        }
        self.lasts = failure.is_some();
    }
}
