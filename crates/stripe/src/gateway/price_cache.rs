//! A cache of prices, for some minutes: they change a few times a year and are read at each Checkout.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rubis_kernel::SharedClock;
use time::OffsetDateTime;

use crate::price::Price;

pub(super) struct PriceCache {
    keep: Duration,
    clock: SharedClock,
    found: Mutex<HashMap<String, Found>>,
}

struct Found {
    price: Price,
    until: OffsetDateTime,
}

impl PriceCache {
    pub(super) fn new(keep: Duration, clock: SharedClock) -> Self {
        Self { keep, clock, found: Mutex::default() }
    }

    /// Returns the price if it was found recently enough.
    pub(super) fn get(&self, lookup_key: &str) -> Option<Price> {
        let now = self.clock.now();
        self.lock().get(lookup_key).filter(|found| now < found.until).map(|found| found.price.clone())
    }

    /// Stores a price. Only keys that Stripe knows are stored, which bounds their number.
    pub(super) fn put(&self, price: Price) {
        let until = self.clock.now() + self.keep;
        self.lock().insert(price.lookup_key.clone(), Found { price, until });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
