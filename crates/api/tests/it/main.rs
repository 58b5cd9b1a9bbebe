//! The API over real HTTP, on a database of each test's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![recursion_limit = "256"]

mod admission;
mod asked;
mod audit;
mod bad_input;
mod billing;
mod billing_journey;
mod billing_limits;
mod checkin_age;
mod checkin_logs;
mod checkin_page;
mod checkin_scanners;
mod checkins;
mod clients;
mod contract;
mod database_limits;
mod document;
mod idempotency;
mod invoices;
mod lists;
mod metric_labels;
mod odd_values;
mod operations;
mod organization;
mod passwords;
mod payments;
mod planning_limits;
mod plans;
mod protocol;
mod relances;
mod response_sizes;
mod sessions;
mod sign_in_limits;
mod stripe_events;
mod stripe_forgery;
mod stripe_signatures;
mod subscriber;
mod tenancy;
mod trace;
mod verification;
