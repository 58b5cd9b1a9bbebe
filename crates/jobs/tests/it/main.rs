//! The rules of the jobs table, against a real Postgres, at instants that the tests choose.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod cancelling;
mod claiming;
mod crashes;
mod dead_letters;
mod endings;
mod enqueuing;
mod reading;
mod support;
