//! One queue, served by the clock until the worker is told to stop.

use std::{future::pending, ops::ControlFlow, panic::AssertUnwindSafe, sync::Arc, thread, time::Duration};

use futures_timer::Delay;
use futures_util::{FutureExt as _, future::join_all};
use rubis_jobs::{ClaimedJob, Lease};
use tokio::{
    sync::{Mutex, Semaphore, mpsc, watch},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

use crate::{
    Ends, IndexedJob, QueueError, QueueRunner,
    claimer::Next,
    execute::{Completed, panic_text},
    in_flight::indexed,
    metrics,
    prefetch::{CLAIMS_AT_ONCE, PrefetchBuffer},
    runner::Parts,
    supervise,
};

/// Number of finished jobs that may wait to be recorded before handlers wait for that.
const FINALIZE_BACKLOG: usize = 1_000;

/// The pause before another try to record the end of a job, which doubles each time. There is no last try: it ends
/// when it succeeds, or when the lease is lost.
const FINALIZE_PAUSE: Duration = Duration::from_millis(500);
const MAX_FINALIZE_PAUSE: Duration = Duration::from_secs(60);

/// The most ends that are recorded one by one at a time: those that call their domains, and those that failed before.
const FINALIZED_AT_ONCE: usize = 4;

/// Time for which a worker that stops tries to record ends.
const FINALIZE_PATIENCE: Duration = Duration::from_secs(60);

/// The pause before another try to renew leases.
const RENEW_AGAIN: Duration = Duration::from_millis(500);

/// The pause of the claim loop when Postgres does not answer.
const OUTAGE_PAUSE: Duration = Duration::from_millis(500);

/// Time at which the feeder expects a job to be due; `None` if it knows of none.
type Wake = Option<Instant>;

/// Serves the queue until `stop` turns true, then ends in good order: nothing new is claimed, what
/// runs may finish within the grace, what is left is put back.
pub(crate) async fn serve(runner: QueueRunner, stop: watch::Receiver<bool>) {
    let parts = runner.parts;
    // After a panic: what was held then is run by nothing any more.
    parts.in_flight.clear();
    let (wake_sender, wake) = watch::channel(Wake::None);
    let (completed, to_finalize) = mpsc::channel(FINALIZE_BACKLOG);
    let mut background = observe_by_the_clock(&parts);
    let mut feeding = JoinSet::new();
    feeding.spawn(feed_until_dropped(Arc::clone(&parts), Arc::new(wake_sender), completed.clone()));
    let mut finalizing = JoinSet::new();
    finalizing.spawn(finalize_until_done(Arc::clone(&parts), to_finalize));

    let buffer =
        Arc::new(PrefetchBuffer::new(usize::try_from(parts.settings.concurrency).unwrap_or(usize::MAX)));
    let mut slots = JoinSet::new();
    for _ in 0..buffer.slots() {
        let (parts, buffer, completed) = (Arc::clone(&parts), Arc::clone(&buffer), completed.clone());
        slots.spawn(supervise(parts.queue.as_str(), "run", Ends::WhenDone, move || {
            run_one_by_one(Arc::clone(&parts), Arc::clone(&buffer), completed.clone())
        }));
    }
    drop(completed);

    let claims = Claims { parts: &parts, buffer: &buffer, backlog: watch::Sender::new(false) };
    let queue = parts.queue.as_str();
    let main_loop =
        supervise(queue, "claim", Ends::WhenDone, || claims.claim_loop(wake.clone(), stop.clone()));
    let backlog_loops = (1..CLAIMS_AT_ONCE).map(|_| {
        supervise(queue, "claim_backlog", Ends::WhenDone, || claims.backlog_claim_loop(stop.clone()))
    });
    tokio::join!(main_loop, join_all(backlog_loops));
    let waiting = buffer.close();
    tracing::info!(queue = %parts.queue, waiting = waiting.len(), "no more jobs begin");
    // Whoever else serves the queue may have them at once.
    put_back(&parts, waiting.into_iter().map(|job| (job.lease.clone(), indexed(&job))).collect()).await;
    feeding.shutdown().await;
    if timeout(parts.settings.shutdown_grace, async { while slots.join_next().await.is_some() {} })
        .await
        .is_err()
    {
        slots.shutdown().await;
    }
    if timeout(FINALIZE_PATIENCE, finalizing.join_next()).await.is_err() {
        tracing::error!(queue = %parts.queue, "finished jobs could not be recorded before the end");
    }
    finalizing.shutdown().await;
    put_back(&parts, parts.in_flight.all()).await;
    background.shutdown().await;
}

/// The loops that only look: at the leases, at the database, at the length of the queue.
fn observe_by_the_clock(parts: &Arc<Parts>) -> JoinSet<()> {
    let queue = parts.queue.as_str();
    let mut background = JoinSet::new();
    let of = Arc::clone(parts);
    background.spawn(supervise(queue, "renew", Ends::Never, move || renew_by_the_clock(Arc::clone(&of))));
    let of = Arc::clone(parts);
    background.spawn(supervise(queue, "watch", Ends::Never, move || watch_by_the_clock(Arc::clone(&of))));
    let of = Arc::clone(parts);
    background.spawn(supervise(queue, "measure", Ends::Never, move || measure_by_the_clock(Arc::clone(&of))));
    background
}

async fn feed_until_dropped(
    parts: Arc<Parts>,
    wake: Arc<watch::Sender<Wake>>,
    handed_over: mpsc::Sender<Completed>,
) {
    supervise(parts.queue.as_str(), "feed", Ends::Never, || {
        feed_by_the_clock(Arc::clone(&parts), Arc::clone(&wake), handed_over.clone())
    })
    .await;
}

async fn finalize_until_done(parts: Arc<Parts>, completed: mpsc::Receiver<Completed>) {
    let completed = Mutex::new(completed);
    supervise(parts.queue.as_str(), "settle", Ends::WhenDone, || finalize_as_they_come(&parts, &completed))
        .await;
}

/// Until the worker is told to stop, or nobody is left who could tell it.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn put_back(parts: &Parts, in_flight: Vec<(Lease, IndexedJob)>) {
    if let Err(error) = parts.put_back(in_flight).await {
        tracing::error!(queue = %parts.queue, %error, "jobs were not put back; their leases will end");
    }
}

/// State shared by the claim loops.
struct Claims<'a> {
    parts: &'a Parts,
    buffer: &'a PrefetchBuffer<ClaimedJob>,
    /// True if more jobs are due than there are free slots.
    backlog: watch::Sender<bool>,
}

impl Claims<'_> {
    /// Waits for a permit and claims as many jobs. Returns the time of the next claim, none until the
    /// feeder says so; or that the worker is to stop. A claim that is under way then is not cut
    /// off: its jobs would wait for their leases to end.
    async fn claim(&self, stop: &mut watch::Receiver<bool>) -> ControlFlow<(), Option<Next>> {
        let is_backlog = *self.backlog.borrow();
        let permit = tokio::select! {
            biased;
            () = stopped(stop) => return ControlFlow::Break(()),
            permit = self.buffer.acquire(is_backlog) => permit,
        };
        // A panic must not lose the permit of the claim.
        let claimed = AssertUnwindSafe(self.parts.claim(permit.count, None)).catch_unwind().await;
        let (jobs, next) = match claimed {
            Ok(Ok(claim)) => (claim.jobs, claim.next),
            Ok(Err(error)) => {
                tracing::warn!(queue = %self.parts.queue, %error, "jobs cannot be claimed");
                (Vec::new(), Some(Next::after(OUTAGE_PAUSE)))
            }
            Err(panic) => {
                let panic = panic_text(panic.as_ref());
                tracing::error!(queue = %self.parts.queue, panic, "claim loop panicked");
                metrics::loop_restarted(self.parts.queue.as_str(), "claim");
                (Vec::new(), Some(Next::after(OUTAGE_PAUSE)))
            }
        };
        self.buffer.push(&permit, jobs);
        self.backlog.send_replace(next == Some(Next::Now));
        ControlFlow::Continue(next)
    }

    /// Claims, and sleeps while nothing is due.
    async fn claim_loop(&self, mut wake: watch::Receiver<Wake>, mut stop: watch::Receiver<bool>) {
        while let ControlFlow::Continue(next) = self.claim(&mut stop).await {
            let until = match next {
                Some(Next::Now) => continue,
                Some(Next::At(instant)) => Some(instant),
                None => None,
            };
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = sleep_until(until, &mut wake) => {}
            }
        }
    }

    /// Claims beside the claim loop for as long as there is a backlog: Redis finds the next jobs while
    /// Postgres writes the rows of those before.
    async fn backlog_claim_loop(&self, mut stop: watch::Receiver<bool>) {
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
async fn sleep_until(mut until: Wake, wake: &mut watch::Receiver<Wake>) {
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

/// Runs the jobs of one slot.
async fn run_one_by_one(
    parts: Arc<Parts>,
    buffer: Arc<PrefetchBuffer<ClaimedJob>>,
    completed: mpsc::Sender<Completed>,
) {
    while let Some(job) = buffer.next().await {
        let _busy = SlotGuard { parts: &parts, buffer: &buffer, lease: job.lease.clone() };
        let ended = parts.execute(job).await;
        // Nobody receives any more only when the worker is at its end, which puts back what is held.
        let _ = completed.send(ended).await;
    }
}

/// Releases a slot when its job ends.
struct SlotGuard<'a> {
    parts: &'a Parts,
    buffer: &'a PrefetchBuffer<ClaimedJob>,
    lease: Lease,
}

impl Drop for SlotGuard<'_> {
    fn drop(&mut self) {
        self.buffer.release();
        if thread::panicking() {
            // Nothing will record its end: its lease is to end.
            self.parts.in_flight.remove([&self.lease]);
        }
    }
}

/// Records what has ended, all that has come together in one go. Ends that call their domains, and those that could
/// not be recorded, are recorded one by one beside it: none of them delays the others.
async fn finalize_as_they_come(parts: &Arc<Parts>, completed: &Mutex<mpsc::Receiver<Completed>>) {
    let mut completed = completed.lock().await;
    let (ending, is_ending) = watch::channel(false);
    let tries = Arc::new(Semaphore::new(FINALIZED_AT_ONCE));
    let mut late = JoinSet::new();
    let mut batch = Vec::new();
    while completed.recv_many(&mut batch, FINALIZE_BACKLOG).await > 0 {
        let finalizer = parts.finalizer();
        let (of_domains, quick): (Vec<_>, Vec<_>) =
            batch.drain(..).partition(|completed| finalizer.calls_its_domain(completed));
        let not_recorded = finalize_batch(parts, quick).await;
        let of_domains = of_domains.into_iter().map(|completed| (completed, Duration::ZERO));
        for (completed, pause) in of_domains.chain(not_recorded.into_iter().map(|one| (one, FINALIZE_PAUSE)))
        {
            late.spawn(finalize_late(
                Arc::clone(parts),
                Arc::clone(&tries),
                is_ending.clone(),
                completed,
                pause,
            ));
        }
        while late.try_join_next().is_some() {}
    }
    ending.send_replace(true);
    while late.join_next().await.is_some() {}
}

/// Settles jobs in one go. Returns those that could not be recorded.
async fn finalize_batch(parts: &Parts, batch: Vec<Completed>) -> Vec<Completed> {
    let leases: Vec<Lease> = batch.iter().map(|completed| completed.job.lease.clone()).collect();
    match AssertUnwindSafe(parts.finalize(batch, None)).catch_unwind().await {
        Ok(finalization) => finalization.not_recorded,
        Err(panic) => {
            let panic = panic_text(panic.as_ref());
            tracing::error!(queue = %parts.queue, jobs = leases.len(), panic, "ends of jobs lost by a panic");
            metrics::loop_restarted(parts.queue.as_str(), "settle");
            parts.in_flight.remove(&leases);
            Vec::new()
        }
    }
}

/// Records the end of one job, until it is recorded or the lease is lost: Postgres may be away for long, and what
/// a handler did should not be done twice for that. A worker that stops waits for no dead-letter callback that
/// has failed.
async fn finalize_late(
    parts: Arc<Parts>,
    tries: Arc<Semaphore>,
    mut is_ending: watch::Receiver<bool>,
    completed: Completed,
    mut pause: Duration,
) {
    let mut waiting = Some(completed);
    while let Some(completed) = waiting.take() {
        if *is_ending.borrow() {
            if completed.failed_callbacks > 0 {
                return;
            }
            sleep(pause.min(FINALIZE_PAUSE)).await;
        } else {
            tokio::select! {
                () = sleep(pause) => {}
                _ = is_ending.wait_for(|ending| *ending) => {}
            }
        }
        let Ok(_permit) = tries.acquire().await else { return };
        waiting = finalize_batch(&parts, vec![completed]).await.pop();
        pause = (pause * 2).clamp(FINALIZE_PAUSE, MAX_FINALIZE_PAUSE);
    }
}

/// Ticks that were missed are not made up for.
fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn feed_by_the_clock(
    parts: Arc<Parts>,
    wake: Arc<watch::Sender<Wake>>,
    handed_over: mpsc::Sender<Completed>,
) {
    let mut ticks = ticks(parts.settings.tick);
    let mut outage = Outage::default();
    loop {
        ticks.tick().await;
        // A page that was scheduled brings the next claim forward. What an earlier page said stands
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
        for completed in fed.iter().flat_map(|report| parts.take_over(report)) {
            // Nothing receives any more only when the worker is at its end, which puts back what is held.
            let _ = handed_over.send(completed).await;
        }
    }
}

async fn renew_by_the_clock(parts: Arc<Parts>) {
    let mut ticks = ticks(parts.settings.heartbeat);
    let mut outage = Outage::default();
    loop {
        ticks.tick().await;
        let renewed = parts.renew().await;
        outage.note(&parts, "leases cannot be renewed", renewed.as_ref().err());
        if renewed.is_err() {
            // Other workers may take the leases away some seconds after the database is back.
            ticks.reset_after(RENEW_AGAIN.min(parts.settings.heartbeat));
        }
    }
}

/// Looks at the database each second: leases are taken away only while it answers all the time.
async fn watch_by_the_clock(parts: Arc<Parts>) {
    let mut ticks = ticks(parts.settings.tick);
    let mut outage = Outage::default();
    loop {
        ticks.tick().await;
        let looked = parts.look_at_the_server().await;
        outage.note(&parts, "the database cannot be watched", looked.as_ref().err());
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
