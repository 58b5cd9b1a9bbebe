//! One queue, served by the clock until the worker is told to stop.

use std::{future::pending, ops::ControlFlow, sync::Arc, time::Duration};

use futures_timer::Delay;
use futures_util::future::join_all;
use rubis_jobs::{ClaimedJob, Lease};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use tracing::Instrument as _;

use crate::{
    OfferedJob, QueueError, QueueRunner,
    claimer::Next,
    execute::Completed,
    held::offered,
    line::{CLAIMS_AT_ONCE, Line},
    runner::Parts,
};

/// How many finished jobs may wait to be recorded before handlers wait for that.
const SETTLE_BACKLOG: usize = 1_000;

/// The pause before another try to record what could not be, and how long it is tried. By then the
/// leases have been lost, or Postgres is gone for longer than a restart.
const SETTLE_PAUSE: Duration = Duration::from_millis(500);
const SETTLE_PATIENCE: Duration = Duration::from_secs(60);

/// The pause of the claim loop when Postgres does not answer.
const OUTAGE_PAUSE: Duration = Duration::from_millis(500);

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

    let line = Arc::new(Line::new(usize::try_from(parts.settings.concurrency).unwrap_or(usize::MAX)));
    let mut places = JoinSet::new();
    for _ in 0..line.places() {
        places.spawn(run_one_by_one(Arc::clone(&parts), Arc::clone(&line), completed.clone()));
    }
    drop(completed);

    let claims = Claims { parts: &parts, line: &line, backlog: watch::Sender::new(false) };
    let assistants = join_all((1..CLAIMS_AT_ONCE).map(|_| claims.assist(stop.clone())));
    tokio::join!(claims.lead(wake, stop.clone()), assistants);
    let waiting = line.close();
    tracing::info!(queue = %parts.queue, waiting = waiting.len(), "no more jobs begin");
    // Whoever else serves the queue may have them at once.
    put_back(&parts, waiting.into_iter().map(|job| (job.lease.clone(), offered(&job))).collect()).await;
    if timeout(parts.settings.shutdown_grace, async { while places.join_next().await.is_some() {} })
        .await
        .is_err()
    {
        places.shutdown().await;
    }
    if timeout(SETTLE_PATIENCE, settling).await.is_err() {
        tracing::error!(queue = %parts.queue, "finished jobs could not be recorded before the end");
    }
    put_back(&parts, parts.held.all()).await;
    background.shutdown().await;
}

/// Until the worker is told to stop, or nobody is left who could tell it.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn put_back(parts: &Parts, held: Vec<(Lease, OfferedJob)>) {
    if let Err(error) = parts.put_back(held).await {
        tracing::error!(queue = %parts.queue, %error, "jobs were not put back; their leases will end");
    }
}

/// What the claim loops share.
struct Claims<'a> {
    parts: &'a Parts,
    line: &'a Line<ClaimedJob>,
    /// More is due than there is room for.
    backlog: watch::Sender<bool>,
}

impl Claims<'_> {
    /// Waits for room and claims as many jobs. Returns when it is worth asking again, none until the
    /// feeder says so; or that the worker is to stop. A claim that is under way then is not cut
    /// off: its jobs would wait for their leases to end.
    async fn claim(&self, stop: &mut watch::Receiver<bool>) -> ControlFlow<(), Option<Next>> {
        let is_backlog = *self.backlog.borrow();
        let room = tokio::select! {
            biased;
            () = stopped(stop) => return ControlFlow::Break(()),
            room = self.line.reserve(is_backlog) => room,
        };
        let (jobs, next) = match self.parts.claim(room.count, None).await {
            Ok(claim) => (claim.jobs, claim.next),
            Err(error) => {
                tracing::warn!(queue = %self.parts.queue, %error, "jobs cannot be claimed");
                (Vec::new(), Some(Next::after(OUTAGE_PAUSE)))
            }
        };
        self.line.join(&room, jobs);
        self.backlog.send_replace(next == Some(Next::Now));
        ControlFlow::Continue(next)
    }

    /// Claims, and sleeps while nothing is due.
    async fn lead(&self, mut wake: watch::Receiver<Wake>, mut stop: watch::Receiver<bool>) {
        while let ControlFlow::Continue(next) = self.claim(&mut stop).await {
            let until = match next {
                Some(Next::Now) => continue,
                Some(Next::At(instant)) => Some(instant),
                None => None,
            };
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = rest(until, &mut wake) => {}
            }
        }
    }

    /// Claims beside the leader for as long as there is a backlog: Redis finds the next jobs while
    /// Postgres writes the rows of those before.
    async fn assist(&self, mut stop: watch::Receiver<bool>) {
        let mut backlog = self.backlog.subscribe();
        loop {
            tokio::select! {
                () = stopped(&mut stop) => return,
                // The sender is this very struct's.
                _ = backlog.wait_for(|backlog| *backlog) => {}
            }
            if self.claim(&mut stop).await.is_break() {
                return;
            }
        }
    }
}

/// Sleeps until this instant, or an earlier one that the feeder names meanwhile.
async fn rest(mut until: Wake, wake: &mut watch::Receiver<Wake>) {
    loop {
        let sleeping = async {
            match until {
                // The timer of the runtime fires one to two milliseconds late, a third of a job's lateness.
                Some(until) => Delay::new(until.saturating_duration_since(Instant::now())).await,
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

/// Runs the jobs of one place.
async fn run_one_by_one(parts: Arc<Parts>, line: Arc<Line<ClaimedJob>>, completed: mpsc::Sender<Completed>) {
    while let Some(job) = line.next().await {
        let span = tracing::info_span!("job", id = %job.lease.job_id, attempt = job.lease.attempts + 1);
        let ended = parts.execute(job).instrument(span).await;
        // Nobody receives any more only when the worker is at its end, which puts back what is held.
        let _ = completed.send(ended).await;
        line.leave();
    }
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
