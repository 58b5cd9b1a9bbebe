//! Tests of connections, roles and timeouts, against a real PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod failures;
mod migrations;
mod roles;
mod tls;
