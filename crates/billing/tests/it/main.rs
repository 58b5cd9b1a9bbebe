//! Guarantees about subscriptions, tested against a real database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod attacks;
mod checkout;
mod company;
mod events;
mod mails;
mod order;
mod parallel;
mod sweep;
