//! Limits within one process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rubis_kernel::{SharedClock, sha256};

use super::rate::{Action, Decision, Rate};

/// Number of keys at which those that no longer limit anything are removed. If half of them still do, that is an
/// attack with many keys, and all are removed: otherwise the next few requests would each search through all keys
/// again.
const MAX_KEYS: usize = 100_000;

/// Theoretical arrival times, in microseconds since 1970, by hashed key.
pub(super) struct MemoryStore {
    clock: SharedClock,
    arrivals: Mutex<HashMap<[u8; 32], i64>>,
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl MemoryStore {
    pub(super) fn new(clock: SharedClock) -> Self {
        Self { clock, arrivals: Mutex::default() }
    }

    pub(super) fn run(&self, action: Action, key: &str, rate: Rate) -> Decision {
        let now = i64::try_from(self.clock.now().unix_timestamp_nanos() / 1000).unwrap_or(0);
        let key = sha256(key.as_bytes());
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let (decision, next) = rate.apply(action, now, arrivals.get(&key).copied());
        if let Some(next) = next {
            if arrivals.len() >= MAX_KEYS {
                arrivals.retain(|_, arrival| *arrival > now);
                if arrivals.len() > MAX_KEYS / 2 {
                    arrivals.clear();
                }
            }
            arrivals.insert(key, next);
        }
        decision
    }
}
