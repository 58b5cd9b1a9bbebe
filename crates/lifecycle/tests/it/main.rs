//! Invoices with their reminders, check-ins, limits and recaps, against a real database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod checkin_clicks;
mod checkin_links;
mod checkins;
mod limits;
mod payments;
mod recap;
mod reconcile;
mod settings;
