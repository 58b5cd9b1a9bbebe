//! Slots of a worker, and the prefetch buffer of claimed jobs.
//!
//! If jobs are quick, slots are free again before the next claim is back, and a worker that claims
//! only for free slots waits for PostgreSQL most of the time. So it claims ahead: as many jobs as ended
//! while a claim was under way, which is next to nothing if jobs are slow. A job stays in the buffer for about
//! as long as a claim takes.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    pin,
    sync::{Notify, Semaphore},
    time::timeout,
};

use crate::due_index::BATCH;

/// Claims that are under way at once in a backlog: while Redis finds the jobs of one, Postgres writes the
/// rows of another, and the disk a third.
pub const CLAIMS_AT_ONCE: usize = 3;

/// Maximum number of jobs that are claimed ahead of the slots.
const MOST_AHEAD: usize = CLAIMS_AT_ONCE * BATCH;

/// In a backlog, the free slots that are worth a claim, as a share of all, and the time to wait for them.
/// Without this a claim went out for the first slot of a batch that ended, and another for the
/// rest (50, 49, 1, 49, 1 …): twice the scripts and statements for the same jobs.
const WORTH_A_CLAIM: usize = 2;
const GATHERING: Duration = Duration::from_millis(2);

/// Buffer of claimed jobs `J`.
pub(crate) struct PrefetchBuffer<J> {
    slots: usize,
    state: Mutex<State<J>>,
    /// A permit for each job that waits.
    waiting: Semaphore,
    freed: Notify,
}

struct State<J> {
    waiting: VecDeque<J>,
    /// Jobs in a slot.
    busy: usize,
    /// Jobs that claims under way may bring.
    expected: usize,
    /// Jobs that may be claimed ahead of the slots.
    ahead: usize,
    /// Jobs that have ended, ever.
    ended: usize,
    /// Smallest number of free slots that a claim waits for.
    wanted: Option<usize>,
}

/// Permit of a claim for a number of jobs.
pub(crate) struct Permit {
    pub(crate) count: usize,
    ended_before: usize,
}

impl<J> PrefetchBuffer<J> {
    /// Creates the buffer of this many slots.
    pub(crate) fn new(slots: usize) -> Self {
        let slots = slots.clamp(1, Semaphore::MAX_PERMITS);
        let state =
            State { waiting: VecDeque::new(), busy: 0, expected: 0, ahead: 0, ended: 0, wanted: None };
        Self { slots, state: Mutex::new(state), waiting: Semaphore::new(0), freed: Notify::new() }
    }

    /// Returns the number of jobs that run at once.
    pub(crate) fn slots(&self) -> usize {
        self.slots
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn free_in(&self, state: &State<J>) -> usize {
        (self.slots + state.ahead).saturating_sub(state.busy + state.expected + state.waiting.len())
    }

    /// Wakes the claims that wait, if there are enough free slots now.
    fn announce(&self, state: &mut State<J>) {
        if state.wanted.is_some_and(|wanted| self.free_in(state) >= wanted) {
            state.wanted = None;
            self.freed.notify_waiters();
        }
    }

    async fn has_free(&self, count: usize) {
        loop {
            let changed = self.freed.notified();
            pin!(changed);
            // From here on no announcement is missed.
            changed.as_mut().enable();
            {
                let mut state = self.lock();
                if self.free_in(&state) >= count {
                    return;
                }
                state.wanted = Some(state.wanted.map_or(count, |wanted| wanted.min(count)));
            }
            changed.await;
        }
    }

    /// Waits for free slots and returns a permit: for at least one job, and for at most a batch. In a
    /// backlog it waits a little for more; a job that comes alone is never waited for.
    pub(crate) async fn acquire(&self, is_backlog: bool) -> Permit {
        loop {
            self.has_free(1).await;
            if is_backlog {
                let worth = (self.slots + self.lock().ahead).div_ceil(WORTH_A_CLAIM).min(BATCH);
                let _ = timeout(GATHERING, self.has_free(worth)).await;
            }
            let mut state = self.lock();
            let count = self.free_in(&state).min(BATCH);
            if count > 0 {
                state.expected += count;
                return Permit { count, ended_before: state.ended };
            }
        }
    }

    /// Ends a claim: pushes its jobs into the buffer.
    pub(crate) fn push(&self, permit: &Permit, jobs: Vec<J>) {
        let count = jobs.len();
        let mut state = self.lock();
        state.expected -= permit.count;
        state.ahead = (CLAIMS_AT_ONCE * (state.ended - permit.ended_before)).min(MOST_AHEAD);
        state.waiting.extend(jobs);
        self.announce(&mut state);
        drop(state);
        self.waiting.add_permits(count);
    }

    /// Returns the next job for a free slot; `None` once the buffer is closed.
    pub(crate) async fn next(&self) -> Option<J> {
        self.waiting.acquire().await.ok()?.forget();
        let mut state = self.lock();
        let job = state.waiting.pop_front()?;
        state.busy += 1;
        Some(job)
    }

    /// Releases the slot of a job that has ended.
    pub(crate) fn release(&self) {
        let mut state = self.lock();
        state.busy -= 1;
        state.ended += 1;
        self.announce(&mut state);
    }

    /// Closes the buffer: no other job begins. Returns the jobs in it.
    pub(crate) fn close(&self) -> Vec<J> {
        self.waiting.close();
        self.lock().waiting.drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn jobs(count: usize) -> Vec<u32> {
        vec![7; count]
    }

    async fn begin(buffer: &PrefetchBuffer<u32>, count: usize) {
        for _ in 0..count {
            buffer.next().await.unwrap();
        }
    }

    fn end(buffer: &PrefetchBuffer<u32>, count: usize) {
        for _ in 0..count {
            buffer.release();
        }
    }

    /// Room as it is reserved without a wait.
    fn permit(buffer: &PrefetchBuffer<u32>) -> Option<Permit> {
        buffer.acquire(false).now_or_never()
    }

    #[tokio::test]
    async fn a_claim_is_for_the_slots_that_are_free() {
        let buffer = PrefetchBuffer::new(3);
        let first = permit(&buffer).unwrap();
        assert_eq!(first.count, 3);
        assert!(permit(&buffer).is_none(), "what is under way has its slots");
        buffer.push(&first, jobs(2));
        begin(&buffer, 2).await;
        assert_eq!(permit(&buffer).unwrap().count, 1);
        assert!(buffer.next().now_or_never().is_none(), "no other job has come");
    }

    #[tokio::test]
    async fn slow_jobs_are_not_claimed_ahead_of_their_slots() {
        let buffer = PrefetchBuffer::new(2);
        let first = permit(&buffer).unwrap();
        buffer.push(&first, jobs(2));
        begin(&buffer, 2).await;
        assert!(permit(&buffer).is_none());
        end(&buffer, 1);
        let second = permit(&buffer).unwrap();
        assert_eq!(second.count, 1);
        buffer.push(&second, jobs(1));
        assert!(permit(&buffer).is_none(), "none ended while the claim was under way");
    }

    #[tokio::test]
    async fn as_many_jobs_are_claimed_ahead_as_end_during_the_claims_that_are_under_way() {
        let buffer = PrefetchBuffer::new(10);
        let first = permit(&buffer).unwrap();
        buffer.push(&first, jobs(10));
        begin(&buffer, 10).await;
        end(&buffer, 1);
        let second = permit(&buffer).unwrap();
        end(&buffer, 3);
        buffer.push(&second, jobs(1));
        // Four slots are free, and one job waits already.
        assert_eq!(permit(&buffer).unwrap().count, 4 - 1 + 3 * CLAIMS_AT_ONCE);
    }

    #[tokio::test]
    async fn what_is_claimed_ahead_is_limited() {
        let buffer = PrefetchBuffer::new(1_000);
        let mut permits = Vec::new();
        while let Some(permit) = permit(&buffer) {
            assert_eq!(permit.count, BATCH);
            permits.push(permit);
        }
        assert_eq!(permits.len(), 10);
        for permit in &permits {
            buffer.push(permit, jobs(BATCH));
        }
        begin(&buffer, 1_000).await;
        end(&buffer, 100);
        let next = permit(&buffer).unwrap();
        end(&buffer, 900);
        buffer.push(&next, jobs(BATCH));
        let permitted: usize = std::iter::from_fn(|| permit(&buffer)).map(|permit| permit.count).sum();
        assert_eq!(permitted, 1_000 + MOST_AHEAD - BATCH);
    }

    #[tokio::test]
    async fn a_claim_that_waits_is_woken_by_a_slot_that_becomes_free() {
        let buffer = PrefetchBuffer::new(1);
        let first = permit(&buffer).unwrap();
        buffer.push(&first, jobs(1));
        begin(&buffer, 1).await;
        let (permit, ()) = tokio::join!(buffer.acquire(false), async { buffer.release() });
        assert_eq!(permit.count, 1);
    }

    #[tokio::test]
    async fn a_claim_that_brought_nothing_gives_its_permit_back() {
        let buffer = PrefetchBuffer::new(2);
        let nothing = permit(&buffer).unwrap();
        buffer.push(&nothing, Vec::new());
        assert_eq!(permit(&buffer).unwrap().count, 2);
    }

    #[tokio::test]
    async fn in_a_backlog_a_claim_waits_for_slots_that_are_worth_it_but_not_for_ever() {
        let buffer = PrefetchBuffer::new(8);
        let first = permit(&buffer).unwrap();
        buffer.push(&first, jobs(8));
        begin(&buffer, 8).await;
        end(&buffer, 1);
        let (permit, ()) = tokio::join!(buffer.acquire(true), async { end(&buffer, 3) });
        assert_eq!(permit.count, 4, "half of the slots");
        buffer.push(&permit, jobs(4));
        begin(&buffer, 4).await;
        end(&buffer, 1);
        assert_eq!(buffer.acquire(true).await.count, 1);
    }

    #[tokio::test]
    async fn a_closed_buffer_returns_its_jobs_and_lets_none_begin() {
        let buffer = PrefetchBuffer::new(1);
        let permit = permit(&buffer).unwrap();
        buffer.push(&permit, jobs(3));
        begin(&buffer, 1).await;
        assert_eq!(buffer.close().len(), 2);
        assert_eq!(buffer.next().await, None);
    }
}
