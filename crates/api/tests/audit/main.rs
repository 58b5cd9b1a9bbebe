//! The security audit trail, as it is written to the log.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod events;
mod trail;
