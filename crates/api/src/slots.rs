//! Bounds on concurrency. A request that finds all slots taken waits briefly in a short queue, and is
//! refused otherwise, so that a burst ends with refusals instead of time-outs.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Limits on running and waiting requests.
#[derive(Clone, Copy, Debug)]
pub struct SlotLimits {
    /// Maximum number that runs at once.
    pub running: usize,
    /// Maximum number that waits at once.
    pub waiting: usize,
    /// Longest wait for a slot.
    pub patience: Duration,
}

/// No slot was free in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saturated;

/// Slots shared by all requests.
#[derive(Debug)]
pub struct Slots {
    limits: SlotLimits,
    semaphore: Arc<Semaphore>,
    /// Number that runs or waits.
    users: AtomicUsize,
}

/// A slot, released when this is dropped.
#[derive(Debug)]
pub struct Slot {
    _permit: OwnedSemaphorePermit,
    _user: User,
}

/// A running or waiting request, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct User(Arc<Slots>);

impl Slots {
    /// Returns slots with these limits, all of them free.
    pub fn new(limits: SlotLimits) -> Arc<Self> {
        let semaphore = Arc::new(Semaphore::new(limits.running));
        Arc::new(Self { limits, semaphore, users: AtomicUsize::new(0) })
    }

    /// Acquires a slot, after a wait if necessary.
    ///
    /// # Errors
    /// [`Saturated`] at once if too many wait already, otherwise after the limits' patience.
    pub async fn acquire(self: &Arc<Self>) -> Result<Slot, Saturated> {
        let user = self.enter()?;
        self.wait(user).await
    }

    /// Counts one more user, who then waits for a slot.
    pub(crate) fn enter(self: &Arc<Self>) -> Result<User, Saturated> {
        let most = self.limits.running.saturating_add(self.limits.waiting);
        let before = self.users.fetch_add(1, Ordering::Relaxed);
        // The count is taken back when this is dropped on refusal.
        let user = User(Arc::clone(self));
        if before < most { Ok(user) } else { Err(Saturated) }
    }

    async fn wait(&self, user: User) -> Result<Slot, Saturated> {
        let permit = Arc::clone(&self.semaphore).acquire_owned();
        match tokio::time::timeout(self.limits.patience, permit).await {
            Ok(Ok(permit)) => Ok(Slot { _permit: permit, _user: user }),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Err(Saturated),
        }
    }

    fn is_unused(&self) -> bool {
        self.users.load(Ordering::Relaxed) == 0
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.0.users.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Separate slots for each key. A key without users takes no memory.
#[derive(Debug)]
pub struct KeyedSlots {
    limits: SlotLimits,
    keys: Mutex<HashMap<Uuid, Arc<Slots>>>,
}

/// A key's slot, released when this is dropped.
#[derive(Debug)]
pub struct KeyedSlot {
    // Dropped in this order: the key is forgotten if this was its last user.
    _slot: Slot,
    _key: KeyUser,
}

#[derive(Debug)]
struct KeyUser {
    owner: Arc<KeyedSlots>,
    key: Uuid,
}

impl KeyedSlots {
    /// Returns slots with these limits for each key.
    pub fn new(limits: SlotLimits) -> Arc<Self> {
        Arc::new(Self { limits, keys: Mutex::default() })
    }

    /// Acquires a slot of this key, after a wait if necessary.
    pub async fn acquire(self: &Arc<Self>, key: Uuid) -> Result<KeyedSlot, Saturated> {
        let (slots, user) = {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            let slots = Arc::clone(keys.entry(key).or_insert_with(|| Slots::new(self.limits)));
            // Under the lock, so that a key is not removed between being found and being used.
            let user = slots.enter();
            (slots, user)
        };
        let key = KeyUser { owner: Arc::clone(self), key };
        let slot = slots.wait(user?).await?;
        Ok(KeyedSlot { _slot: slot, _key: key })
    }
}

impl Drop for KeyUser {
    fn drop(&mut self) {
        let mut keys = self.owner.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.get(&self.key).is_some_and(|slots| slots.is_unused()) {
            keys.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_WITHOUT_PATIENCE: SlotLimits = SlotLimits { running: 1, waiting: 1, patience: Duration::ZERO };

    #[actix_web::test]
    async fn a_slot_is_refused_while_it_is_taken_and_given_when_it_is_free_again() {
        let slots = Slots::new(ONE_WITHOUT_PATIENCE);
        let taken = slots.acquire().await.unwrap();
        assert_eq!(slots.acquire().await.unwrap_err(), Saturated);
        drop(taken);
        slots.acquire().await.unwrap();
    }

    #[actix_web::test]
    async fn a_waiting_request_gets_the_next_slot_and_one_beyond_the_queue_is_refused_at_once() {
        let limits = SlotLimits { running: 1, waiting: 1, patience: Duration::from_secs(3600) };
        let slots = Slots::new(limits);
        let taken = slots.acquire().await.unwrap();
        let waiting = slots.enter().unwrap();
        // With an hour of patience, this would not return if it waited.
        assert_eq!(slots.acquire().await.unwrap_err(), Saturated);
        drop(taken);
        slots.wait(waiting).await.unwrap();
        assert!(slots.is_unused());
    }

    #[actix_web::test]
    async fn each_key_has_slots_of_its_own_and_is_forgotten_without_users() {
        let slots = KeyedSlots::new(ONE_WITHOUT_PATIENCE);
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let taken = slots.acquire(one).await.unwrap();
        assert_eq!(slots.acquire(one).await.unwrap_err(), Saturated);
        drop(slots.acquire(other).await.unwrap());
        assert_eq!(slots.keys.lock().unwrap().keys().collect::<Vec<_>>(), [&one]);
        drop(taken);
        assert!(slots.keys.lock().unwrap().is_empty());
    }
}
