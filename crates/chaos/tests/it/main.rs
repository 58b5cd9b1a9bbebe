//! Fault scenarios in a short form.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![recursion_limit = "256"]

mod quick;
