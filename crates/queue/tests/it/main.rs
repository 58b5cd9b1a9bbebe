//! The rules of the queue, against a real Postgres and a real Redis, at instants that the tests
//! choose wherever a rule does not need the passing of time itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod failures;
mod fairness;
mod feeding;
mod property;
mod redis_away;
mod running;
mod scheduling;
mod serving;
mod support;
