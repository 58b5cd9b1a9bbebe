//! Calls to Stripe and signed events, against the fake.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod calls;
mod events;
mod failures;
mod official_fake;
mod support;
